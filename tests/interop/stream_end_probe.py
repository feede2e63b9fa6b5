#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What calls do when a stream ends, see probe.py."""
import socket
import struct
import threading
import time

from probe import case, error_of, events, main, outcome, pair, until


@case
def half_close():
    near, far = pair()
    near.send(b"request")
    near.shutdown(socket.SHUT_WR)
    told = until(far, "RDHUP")
    got = far.recv(20) + far.recv(20)
    far.send(b"answer")
    far.shutdown(socket.SHUT_WR)
    last = until(near, "HUP")
    return told, got, outcome(near.send, b"x"), last, near.recv(20), near.recv(20)


@case
def closing():
    near, far = pair()
    near.send(b"last words")
    near.close()
    told = until(far, "RDHUP")
    return told, far.recv(20), far.recv(20), outcome(far.send, b"x")


@case
def reset_by_linger():
    near, far = pair()
    near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    near.close()
    told = until(far, "ERR")
    return told, outcome(far.recv, 1), outcome(far.recv, 1), until(far, "HUP")


@case
def reset_tells_so_error():
    near, far = pair()
    near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    near.close()
    until(far, "ERR")
    return error_of(far), error_of(far), outcome(far.recv, 1), events(far)


@case
def shutdown_after_reset():
    """It answers that there is no connection, and leaves the reset for whoever asks."""
    told = []
    for how in (socket.SHUT_RD, socket.SHUT_WR, socket.SHUT_RDWR):
        near, far = pair()
        near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        near.close()
        until(far, "ERR")
        told.append((outcome(far.shutdown, how), error_of(far), error_of(far),
                     outcome(far.recv, 1)))
    return told


@case
def reset_after_shutdown():
    told = []
    for how in (socket.SHUT_WR, socket.SHUT_RDWR):
        near, far = pair()
        near.send(b"last")
        near.shutdown(how)
        got = far.recv(10), far.recv(10)
        if how == socket.SHUT_RDWR:
            told.append((got, near.recv(1), error_of(near)))
            continue
        far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        far.close()
        told.append((got, until(near, "HUP"), outcome(near.recv, 1)))
    return told


@case
def reset_by_unread_bytes():
    near, far = pair()
    far.send(b"never read")
    until(near, "IN")
    near.close()
    until(far, "ERR")
    return outcome(far.recv, 1)


@case
def reset_after_bytes():
    near, far = pair()
    near.send(b"before")
    until(far, "IN")
    near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    near.close()
    until(far, "ERR")
    return far.recv(10), outcome(far.recv, 10), outcome(far.recv, 10)


@case
def shut_down_both():
    near, far = pair()
    near.shutdown(socket.SHUT_RDWR)
    return (until(near, "HUP"), near.recv(1), outcome(near.send, b"x"), far.recv(1),
            outcome(near.shutdown, 7))


@case
def reader_is_woken_by_shutdown():
    near, _far = pair()
    got = []
    reader = threading.Thread(daemon=True, target=lambda: got.append(outcome(near.recv, 1)))
    reader.start()
    time.sleep(0.1)
    near.shutdown(socket.SHUT_RD)
    reader.join(3)
    return got


@case
def names_after_the_end():
    near, far = pair()
    far.close()
    until(near, "RDHUP")
    local = outcome(near.getsockname)
    return local, outcome(near.getpeername)


main()

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What calls about the bytes of streams do, see probe.py."""
import array
import ctypes
import errno
import fcntl
import os
import select
import socket
import struct
import tempfile
import threading
import time

from probe import case, events, listener, main, outcome, pair, tcp, until


@case
def answer_in_front_of_a_reset():
    """Closed with bytes unread, and by SO_LINGER of no time: what was sent before is heard."""
    told = []
    for lingers in (False, True):
        near, far = pair()
        if lingers:
            near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            far.send(b"question")
            until(near, "IN")
        near.send(b"answer")
        near.close()
        until(far, "IN")
        time.sleep(0.05)
        told.append((outcome(far.recv, 10), outcome(far.recv, 10)))
    return told


@case
def bytes_and_flags():
    near, far = pair()
    near.sendall(b"0123456789")
    until(far, "IN")
    time.sleep(0.05)
    pending = array.array("i", [0])
    fcntl.ioctl(far, 0x541B, pending)
    return (far.recv(4, socket.MSG_PEEK), far.recv(4), pending[0],
            far.recv(2, socket.MSG_DONTWAIT), far.recv(6, socket.MSG_PEEK),
            outcome(near.recv, 1, socket.MSG_DONTWAIT))


@case
def what_fails_closes_nothing():
    near, far = pair()
    for _ in range(3):  # a lease begins, where there are any
        near.send(b"x")
        far.recv(1)
    closed = 9999
    told = [outcome(os.dup2, closed, near.fileno(), inheritable) for inheritable in (True, False)]
    told.append(ctypes.CDLL(None).close_range(near.fileno(), near.fileno(), 1 << 7))
    near.send(b"there")
    far.send(b"back")
    return told, far.recv(10), near.recv(10)


@case
def wait_for_all():
    near, far = pair()

    def late():
        near.send(b"first")
        time.sleep(0.1)
        near.send(b"second")
    writer = threading.Thread(daemon=True, target=late)
    writer.start()
    got = far.recv(11, socket.MSG_WAITALL)
    writer.join()
    return got


@case
def low_water_mark():
    near, far = pair()
    for _ in range(3):  # a lease begins, where there are any
        near.send(b"x")
        far.recv(1)
    far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 8)
    near.sendall(b"1234")
    time.sleep(0.1)
    below = events(far)
    near.sendall(b"5678")
    above = until(far, "IN")
    got = far.recv(100)
    near.sendall(b"9")
    time.sleep(0.1)
    again = events(far)
    near.shutdown(socket.SHUT_WR)
    return below, above, got, again, until(far, "IN+RDHUP"), far.recv(100)


@case
def low_water_edges():
    near, far = pair()
    far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 4)
    watcher = select.epoll()
    watcher.register(far, select.EPOLLIN | select.EPOLLET)
    told = []
    for word in (b"1", b"234", b"5"):
        near.sendall(word)
        told.append(len(watcher.poll(0.2)))
    far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
    return told, far.recv(100), far.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT)


@case
def low_water_readers():
    """A call that waits does so for the mark."""
    near, far = pair()
    far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 8)

    def late():
        for word in (b"1234", b"5678"):
            time.sleep(0.15)
            near.send(word)
    writer = threading.Thread(daemon=True, target=late)
    writer.start()
    all_of_it = far.recv(100)
    far.settimeout(0.2)
    near.send(b"last")
    return all_of_it, outcome(far.recv, 100)


@case
def low_water_is_bounded():
    heard = listener()
    heard.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 5)
    near, made = tcp(), tcp()
    near.connect(heard.getsockname())
    far, _ = heard.accept()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4000)
    marks = []
    for mark in (1 << 20, 0, -1):
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, mark)
        marks.append(made.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT))
    return far.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT), marks, \
        outcome(made.setsockopt, socket.SOL_SOCKET, 19, 5), made.getsockopt(socket.SOL_SOCKET, 19)


@case
def writable_has_room():
    """Whoever polls again and again finds no descriptor that is writable and takes nothing."""
    near, far = pair()
    size = 16 << 20
    total = [0]

    def drain():
        while total[0] < size:
            total[0] += len(far.recv(1 << 16))
    reader = threading.Thread(daemon=True, target=drain)
    reader.start()
    near.setblocking(False)
    asked = select.poll()
    asked.register(near, select.POLLOUT)
    left, refused, most = size, 0, 0
    while left > 0 and asked.poll(5000):
        try:
            left -= near.send(bytes(min(left, 16408)))
            refused = 0
        except BlockingIOError:
            refused += 1
            most = max(most, refused)
    reader.join(10)
    return left, total[0], most <= 2


@case
def discard_with_trunc():
    near, far = pair()
    near.sendall(b"throw this away")
    until(far, "IN")
    library = ctypes.CDLL(None, use_errno=True)
    count = library.recv(far.fileno(), None, 6, socket.MSG_TRUNC)
    return count, far.recv(20)


@case
def discard_as_any_read():
    """It waits, for all if it shall, and with MSG_PEEK takes nothing."""
    near, far = pair()
    library = ctypes.CDLL(None, use_errno=True)

    def discard(size, flags=0):
        count = library.recv(far.fileno(), None, size, socket.MSG_TRUNC | flags)
        return errno.errorcode[ctypes.get_errno()] if count < 0 else count
    nothing = discard(1, socket.MSG_DONTWAIT)
    writers = [threading.Timer(delay, near.sendall, (word,))
               for delay, word in ((0.1, b"throw "), (0.3, b"this away"))]
    for one in writers:
        one.start()
    some = discard(4)
    rest = discard(6, socket.MSG_WAITALL)
    peeked = discard(100, socket.MSG_PEEK)
    data, _, flags, _ = far.recvmsg(1, 0, socket.MSG_TRUNC)
    left = far.recv(20)
    far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, 50000))
    late = discard(1)
    near.close()
    return nothing, some, rest, peeked, len(data), flags, left, late, discard(5)


@case
def gather_and_scatter():
    near, far = pair()
    near.sendmsg([b"one", b"", b"two", b"three"])
    until(far, "IN")
    time.sleep(0.05)
    parts = [bytearray(4), bytearray(10)]
    count = far.recvmsg_into(parts)
    return count[0], bytes(parts[0]), bytes(parts[1]), os.writev(near.fileno(), [b"a", b"b"]), \
        far.recv(2, socket.MSG_WAITALL)


@case
def more_and_cork():
    near, far = pair()
    near.send(b"begin ", socket.MSG_MORE)
    near.send(b"end")
    whole = far.recv(9, socket.MSG_WAITALL)
    near.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
    near.send(b"corked ")
    near.send(b"bytes")
    near.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
    return whole, far.recv(12, socket.MSG_WAITALL)


@case
def urgent_byte():
    near, far = pair()
    near.send(b"abc")
    near.send(b"!", socket.MSG_OOB)
    near.send(b"def")
    time.sleep(0.1)
    return outcome(far.recv, 1, socket.MSG_OOB), far.recv(3), far.recv(3)


@case
def urgent_mark():
    near, far = pair()
    near.send(b"abc")
    near.send(b"!", socket.MSG_OOB)
    near.send(b"def")
    poller = select.poll()
    poller.register(far, select.POLLPRI)
    woken = poller.poll(5000)[0][1]
    time.sleep(0.1)

    def is_at_mark():
        value = array.array("i", [7])
        fcntl.ioctl(far, 0x8905, value)
        return value[0]
    before = is_at_mark()
    first = far.recv(10)
    return (woken, before, first, is_at_mark(), outcome(far.recv, 1, socket.MSG_OOB), far.recv(10),
            outcome(far.recv, 1, socket.MSG_OOB), is_at_mark())


@case
def back_pressure():
    near, far = pair()
    near.setblocking(False)
    sent = 0
    try:
        while True:
            sent += near.send(b"x" * 65536)
    except BlockingIOError:
        pass
    time.sleep(0.3)
    try:
        while True:
            sent += near.send(b"x" * 65536)
    except BlockingIOError:
        pass
    stuck = events(near)
    got = 0
    while got < sent:
        got += len(far.recv(1 << 20))
    return stuck, got == sent, until(near, "OUT")


@case
def send_file_and_splice():
    near, far = pair()
    with tempfile.TemporaryFile() as file:
        file.write(b"from a file " * 1000)
        file.flush()
        sent = os.sendfile(near.fileno(), file.fileno(), 0, 12000)
    got = far.recv(sent, socket.MSG_WAITALL)
    reader, writer = os.pipe()
    far.send(b"spliced")
    until(near, "IN")
    moved = os.splice(near.fileno(), writer, 7) if hasattr(os, "splice") else \
        ctypes.CDLL(None).splice(near.fileno(), None, writer, None, 7, 0)
    return sent, len(got), moved, os.read(reader, 10)


@case
def receive_times_out():
    near, _far = pair()
    near.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, 50000))
    begun = time.monotonic()
    answer = outcome(near.recv, 1)
    return answer, 0.02 < time.monotonic() - begun < 1


main()

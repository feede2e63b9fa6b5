#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What calls about streams do, see probe.py."""
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

from probe import (HERE, HERE6, case, error_of, events, listener, main, outcome, pair, tcp,
                   until)


# ── Bytes ───────────────────────────────────────────────────────────────────────────────────────

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


# ── Endings ─────────────────────────────────────────────────────────────────────────────────────

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


# ── Options ─────────────────────────────────────────────────────────────────────────────────────

@case
def options_of_streams():
    near, far = pair()
    told = []
    for level, name, value in (
            (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
            (socket.SOL_SOCKET, socket.SO_REUSEADDR, 1),
            (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
            (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 33),
            (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 7),
            (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4),
            (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 5000),
            (socket.IPPROTO_IP, socket.IP_TOS, 8),
            (socket.IPPROTO_TCP, 200, 1), (socket.SOL_SOCKET, 900, 1)):
        set_answer = outcome(near.setsockopt, level, name, value)
        told.append((set_answer, outcome(near.getsockopt, level, name)))
    kinds = [far.getsockopt(socket.SOL_SOCKET, name) for name in
             (socket.SO_TYPE, socket.SO_DOMAIN, socket.SO_PROTOCOL, socket.SO_ACCEPTCONN)]
    return told, kinds, near.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8)


@case
def options_of_odd_values():
    """What is out of range is refused or made to fit; each value on a socket of its own."""
    told = []
    for level, name, values in ((6, 9, (0, 1, 2, 5, 200, -3)),      # TCP_DEFER_ACCEPT
                                (6, 10, (0, 1, 5000, -1)),          # TCP_WINDOW_CLAMP
                                (6, 8, (0, -1, 7, 500)),            # TCP_LINGER2
                                (6, 7, (1, 127)),                   # TCP_SYNCNT
                                (6, 4, (0, 32767, 32768)),          # TCP_KEEPIDLE
                                (6, 6, (0, 127, 128)),              # TCP_KEEPCNT
                                (6, 2, (87, 88, 32768)),            # TCP_MAXSEG
                                (6, 18, (-1, 0, 1 << 30)),          # TCP_USER_TIMEOUT
                                (6, 25, (-1, 0, 1)),                # TCP_NOTSENT_LOWAT
                                (6, 3, (0, 2)), (6, 1, (0, 2)),     # TCP_CORK, TCP_NODELAY
                                (0, 1, (3, 0x2b)),                  # IP_TOS
                                (0, 2, (0, 255, 256, -1)),          # IP_TTL
                                (1, 18, (0, 9))):               # SO_RCVLOWAT
        for value in values:
            made = tcp()
            told.append((level, name, value, outcome(made.setsockopt, level, name, value),
                         outcome(made.getsockopt, level, name)))
    return told


@case
def port_chosen_by_connect():
    heard, made = listener(), tcp()
    made.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
    bound = outcome(made.bind, ("127.0.0.5", 0))
    before = made.getsockname()
    made.connect(heard.getsockname())
    name, port = made.getsockname()
    return bound, before, name, port != 0, heard.accept()[1] == (name, port)


@case
def mistakes():
    library = ctypes.CDLL(None, use_errno=True)
    file = os.open("/dev/null", os.O_RDWR)
    near, far = pair()

    def refused(call, *words):
        ctypes.set_errno(0)
        return errno.errorcode.get(ctypes.get_errno()) if call(*words) < 0 else "ok"
    size = ctypes.c_int(4)
    return (refused(library.connect, 999, None, 0), refused(library.bind, file, None, 16),
            refused(library.bind, tcp().fileno(), 1, 16),
            refused(library.getsockname, near.fileno(), 1, 1),
            refused(library.getsockopt, near.fileno(), 1, 3, None, None),
            refused(library.setsockopt, near.fileno(), 6, 1, 1, 4),
            refused(library.setsockopt, near.fileno(), 6, 1, ctypes.byref(size), 1),
            refused(library.setsockopt, near.fileno(), 6, 1, ctypes.byref(size), -1),
            refused(library.accept4, near.fileno(), None, None, 12345),
            refused(library.socket, socket.AF_INET, 77, 0),
            refused(library.socket, socket.AF_INET, socket.SOCK_STREAM, 250),
            refused(library.socket, socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_UDP),
            far.fileno() > 2)


@case
def streams_both_families():
    heard = tcp(socket.AF_INET6)
    heard.bind(("::", 0))
    heard.listen()
    names = []
    for family, host in ((socket.AF_INET, HERE), (socket.AF_INET6, HERE6)):
        near = tcp(family)
        near.connect((host, heard.getsockname()[1]))
        names.append(heard.accept()[1][0])
    only = tcp(socket.AF_INET6)
    only.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    only.bind(("::", 0))
    only.listen()
    return names, outcome(tcp().connect, (HERE, only.getsockname()[1]))


main()

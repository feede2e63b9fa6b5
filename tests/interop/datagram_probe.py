#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What calls about datagrams do, see probe.py."""
import array
import ctypes
import fcntl
import socket
import threading
import time

from probe import HERE, HERE6, case, main, outcome, udp, until


# ── Datagrams ───────────────────────────────────────────────────────────────────────────────────

@case
def datagrams():
    one, other = udp(), udp()
    one.bind((HERE, 0))
    other.bind((HERE, 0))
    for word in (b"first", b"", b"third, and longer"):
        other.sendto(word, one.getsockname())
    time.sleep(0.1)
    first = one.recvfrom(100)
    second = one.recv(100)
    third = one.recvfrom(5)
    one.setblocking(False)
    return (first[0], first[1] == other.getsockname(), second, third[0],
            third[1] == other.getsockname(), outcome(one.recv, 1), outcome(one.recvfrom, 1))


@case
def datagram_truncation():
    one, other = udp(), udp()
    one.bind((HERE, 0))
    other.connect(one.getsockname())
    other.send(b"0123456789")
    other.send(b"abcdefghij")
    until(one, "IN")
    time.sleep(0.05)
    peeked = one.recvfrom(4, socket.MSG_PEEK)[0]
    length = array.array("i", [0])
    fcntl.ioctl(one, 0x541B, length)
    data, _, flags, name = one.recvmsg(4)
    return peeked, length[0], data, flags & socket.MSG_TRUNC != 0, name == other.getsockname(), \
        one.recv(100)


@case
def datagrams_connected():
    one, other, third = udp(), udp(), udp()
    one.bind((HERE, 0))
    other.bind((HERE, 0))
    one.connect(other.getsockname())
    third.sendto(b"stranger", one.getsockname())
    other.sendto(b"friend", one.getsockname())
    got = one.recv(100)
    one.setblocking(False)
    return (got, outcome(one.recv, 100), one.getpeername() == other.getsockname(),
            one.send(b"back"), other.recvfrom(10)[0], outcome(other.getpeername))


@case
def datagrams_wait():
    one, other = udp(), udp()
    one.bind((HERE, 0))
    got = []
    reader = threading.Thread(daemon=True, target=lambda: got.append(one.recvfrom(100)[0]))
    reader.start()
    time.sleep(0.1)
    other.sendto(b"late", one.getsockname())
    reader.join(3)
    one.settimeout(0.1)
    return got, outcome(one.recvfrom, 1)


@case
def datagram_refused():
    one = udp()
    one.settimeout(2)
    gone = udp()
    gone.bind((HERE, 0))
    name = gone.getsockname()
    gone.close()
    one.connect(name)
    one.send(b"x")
    woken = until(one, "IN")[:5] != "never"
    return woken, outcome(one.recvfrom, 10)


@case
def datagram_particulars():
    one, other = udp(), udp()
    one.bind((HERE, 0))
    one.setsockopt(socket.IPPROTO_IP, 8, 1)
    one.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
    other.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 16)
    other.sendto(b"x", one.getsockname())
    until(one, "IN")
    data, notes, _, _ = one.recvmsg(10, 256)
    told = sorted((level, kind, len(value), value[-4:] if kind == 8 else value)
                  for level, kind, value in notes)
    return data, told


@case
def datagram_too_long():
    one = udp()
    return outcome(one.sendto, bytes(65508), (HERE, 9)), outcome(one.sendto, b"x", (HERE, 0))


@case
def datagrams_both_families():
    one = udp(socket.AF_INET6)
    one.bind(("::", 0))
    port = one.getsockname()[1]
    four, six = udp(), udp(socket.AF_INET6)
    four.sendto(b"4", (HERE, port))
    six.sendto(b"6", (HERE6, port))
    got = sorted((data, name[0]) for data, name in (one.recvfrom(10), one.recvfrom(10)))
    return got


@case
def many_messages():
    class Part(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]

    class Header(ctypes.Structure):
        _fields_ = [("name", ctypes.c_void_p), ("name_size", ctypes.c_uint32),
                    ("parts", ctypes.POINTER(Part)), ("count", ctypes.c_size_t),
                    ("control", ctypes.c_void_p), ("control_size", ctypes.c_size_t),
                    ("flags", ctypes.c_int), ("pad", ctypes.c_int), ("length", ctypes.c_uint)]
    library = ctypes.CDLL(None, use_errno=True)
    one, other = udp(), udp()
    one.bind((HERE, 0))
    other.connect(one.getsockname())

    def messages(buffers):
        made = (Header * len(buffers))()
        for header, buffer in zip(made, buffers):
            header.parts = ctypes.pointer(Part(ctypes.addressof(buffer), len(buffer)))
            header.count = 1
        return made
    out = messages([ctypes.create_string_buffer(b"x" * size) for size in (10, 20, 30)])
    sent = library.sendmmsg(other.fileno(), out, 3, 0)
    time.sleep(0.1)
    room = [ctypes.create_string_buffer(100) for _ in range(3)]
    into = messages(room)
    got = library.recvmmsg(one.fileno(), into, 3, 0, None)
    late = threading.Timer(0.1, lambda: other.send(b"late"))
    late.start()
    into_one = messages(room[:1])
    waited = library.recvmmsg(one.fileno(), into_one, 1, 0, None)
    return sent, got, [one.length for one in into], waited, into_one[0].length


main()

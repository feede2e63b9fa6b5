#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What calls about datagrams do, see probe.py."""
import array
import ctypes
import errno
import fcntl
import socket
import struct
import threading
import time

from probe import HERE, HERE6, case, error_of, events, main, outcome, udp, until


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
def datagram_refused_tells_so_error():
    one, gone = udp(), udp()
    gone.bind((HERE, 0))
    name = gone.getsockname()
    gone.close()
    one.connect(name)
    one.setblocking(False)
    one.send(b"x")
    time.sleep(0.1)
    return error_of(one), error_of(one), outcome(one.recv, 10)


@case
def datagram_time_stamps():
    one, other = udp(), udp()
    one.bind((HERE, 0))
    one.setsockopt(socket.SOL_SOCKET, 37, 8 | 16)  # SO_TIMESTAMPING
    one.setsockopt(socket.SOL_SOCKET, 35, 1)       # SO_TIMESTAMPNS
    time.sleep(0.1)  # the kernel begins to take times a moment later
    other.sendto(b"x", one.getsockname())
    until(one, "IN")
    told = []
    for level, kind, value in one.recvmsg(10, 256)[1]:
        seconds, nanos, *rest = struct.unpack(f"{len(value) // 8}q", value)
        is_now = abs(time.time() - seconds - nanos / 1e9) < 60
        told.append((level, kind, is_now, rest))
    return told


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    return ~(total % 0xffff or (0xffff if total else 0)) & 0xffff


def errors_told(family, kinds, asks):
    """What becomes of an ICMP error about a datagram of a connected socket, of each type and code:
    what the next call answers, or what its error queue holds when it asked for one."""
    here, protocol = (HERE6, socket.IPPROTO_ICMPV6) if family == socket.AF_INET6 else (
        HERE, socket.IPPROTO_ICMP)
    messenger = socket.socket(family, socket.SOCK_RAW, protocol)
    deaf = udp(family)
    deaf.bind((here, 0))
    told = []
    for kind, code in kinds:
        made = udp(family)
        made.connect(deaf.getsockname()[:2])
        if asks and family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, 25, 1)  # IPV6_RECVERR
        elif asks:
            made.setsockopt(socket.IPPROTO_IP, 11, 1)  # IP_RECVERR
        made.send(b"question")
        messenger.sendto(icmp_error(family, here, kind, code, (made, deaf)), (here, 0))
        time.sleep(0.05)
        if asks:
            told.append((kind, code, queued_error(made), error_of(made)))
        else:
            told.append((kind, code, outcome(made.recvmsg, 10)))
    return told


def icmp_error(family, here, kind, code, sockets):
    ports = struct.pack("!HHHH", *(one.getsockname()[1] for one in sockets), 16, 0)
    address = socket.inet_pton(family, here)
    if family == socket.AF_INET6:
        ip = struct.pack("!IHBB", 0x60000000, 16, 17, 64) + address * 2
        return struct.pack("!BBHI", kind, code, 0, 0) + ip + ports + b"question"
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 36, 1, 0, 64, 17, 0) + address * 2
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    message = struct.pack("!BBHI", kind, code, 0, 0) + ip + ports + b"question"
    return message[:2] + struct.pack("!H", checksum(message)) + message[4:]


def queued_error(made):
    try:
        _, notes, _, _ = made.recvmsg(100, 512, socket.MSG_ERRQUEUE)
    except OSError as why:
        return errno.errorcode[why.errno]
    number, origin, kind, code = struct.unpack_from("=IBBB", notes[0][2])
    return errno.errorcode.get(number, number), origin, kind, code


# Those that Linux tells a socket that did not ask. Without 2, 7 and 8, of which we know the errno
# only in the queue, and 4, which is about a path's MTU.
@case
def icmp_errors_unasked():
    return (errors_told(socket.AF_INET, [(3, code) for code in (3, 6, 9, 10, 13, 14, 15)], False),
            errors_told(socket.AF_INET, [(12, 0), (12, 1)], False))


@case
def icmp6_errors_unasked():
    return errors_told(socket.AF_INET6, [(1, 1), (1, 4), (1, 5), (1, 6), (4, 0), (4, 1), (4, 2)],
                       False)


@case
def icmp_errors_queued():
    return errors_told(socket.AF_INET, [*((3, code) for code in (*range(4), *range(5, 16))),
                                        (11, 0), (12, 0), (12, 1)], True)


@case
def icmp6_errors_queued():
    return errors_told(socket.AF_INET6, [*((1, code) for code in range(7)), (3, 0), (3, 1),
                                         (4, 0), (4, 1), (4, 2)], True)


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
def control_that_is_cut():
    one, other = udp(), udp()
    one.bind((HERE, 0))
    one.settimeout(3)
    one.setsockopt(socket.IPPROTO_IP, 8, 1)  # IP_PKTINFO
    other.sendto(b"x", one.getsockname())
    data, notes, flags, _ = one.recvmsg(10, socket.CMSG_LEN(4))
    return data, [(level, kind, len(value)) for level, kind, value in notes], flags


@case
def control_on_the_way_out():
    """The usual value of IPv6, and what is for another level."""
    six, four = udp(socket.AF_INET6), udp()
    usual = struct.pack("i", -1)
    return (outcome(six.sendmsg, [b"x"], [(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, usual),
                                          (socket.IPPROTO_IPV6, socket.IPV6_HOPLIMIT, usual)],
                    0, (HERE6, 9)),
            outcome(four.sendmsg, [b"x"], [(999, 1, usual)], 0, (HERE, 9)),
            outcome(four.sendmsg, [b"x"], [(socket.IPPROTO_IP, socket.IP_TTL, usual)], 0,
                    (HERE, 9)))


@case
def to_any_is_to_this_host():
    told = []
    for family, any_address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
        one, other = udp(family), udp(family)
        one.bind((any_address, 0))
        one.settimeout(3)
        there = any_address, one.getsockname()[1]
        told.append((outcome(other.sendto, b"x", there), one.recvfrom(10)[1][0],
                     outcome(other.connect, there), other.getpeername()[0],
                     other.getsockname()[0]))
    return told


@case
def one_datagram_of_several_writes():
    one, other = udp(), udp()
    one.bind((HERE, 0))
    one.settimeout(3)
    there = one.getsockname()
    other.sendto(b"one ", socket.MSG_MORE, there)
    other.sendto(b"two ", socket.MSG_MORE, (HERE, 9))
    other.sendto(b"three", there)
    told = [one.recv(100)]
    other.connect(there)
    other.setsockopt(socket.IPPROTO_UDP, 1, 1)  # UDP_CORK
    other.send(b"four ")
    other.send(b"five")
    other.setsockopt(socket.IPPROTO_UDP, 1, 0)
    told.append(one.recv(100))
    other.send(b"six ", socket.MSG_MORE)
    other.send(b"seven")
    other.send(b"eight")
    return told + [one.recv(100), one.recv(100)]


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
def shutdown_without_a_peer():
    told = []
    for receive in (lambda one: one.recv(10), lambda one: one.recvfrom(10)):
        one = udp()
        one.bind((HERE, 0))
        late = threading.Timer(0.1, lambda: told.append(outcome(one.shutdown, socket.SHUT_RD)))
        late.start()
        got = receive(one)
        late.join()
        told.append((got, events(one)))
    return told, outcome(udp().shutdown, 7)


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

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What calls about ping sockets, raw sockets, errors and time stamps do, see probe.py."""
import ctypes
import errno
import select
import socket
import struct
import time

from probe import HERE, HERE6, case, events, listener, main, outcome, pair, tcp, udp, until

ICMP, ICMP6 = socket.IPPROTO_ICMP, socket.IPPROTO_ICMPV6
ERRQUEUE, IP_RECVERR, IPV6_RECVERR = 0x2000, 11, 25
ANY = select.POLLIN | select.POLLOUT | select.POLLERR


def echo(family=socket.AF_INET):
    made = socket.socket(family, socket.SOCK_DGRAM, ICMP6 if family == socket.AF_INET6 else ICMP)
    made.settimeout(2)
    return made


def raw(protocol, family=socket.AF_INET):
    made = socket.socket(family, socket.SOCK_RAW, protocol)
    made.settimeout(2)
    return made


def request(kind, sequence, payload=b"payload", identifier=0):
    return struct.pack("!BBHHH", kind, 0, 0, identifier, sequence) + payload


def checksum(message):
    total = sum(struct.unpack(f"!{len(message) // 2}H", message))
    total = (total >> 16) + (total & 0xffff)
    return ~(total + (total >> 16)) & 0xffff


def closed_port():
    gone = udp()
    gone.bind((HERE, 0))
    name = gone.getsockname()
    gone.close()
    return name


# ── Ping sockets ────────────────────────────────────────────────────────────────────────────────

@case
def broadcast_may_be_asked_for():
    told = []
    for kind, protocol in ((socket.SOCK_RAW, 253), (socket.SOCK_DGRAM, socket.IPPROTO_ICMP)):
        made = socket.socket(socket.AF_INET, kind, protocol)
        before = made.getsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        told.append((before, made.getsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST)))
    return told


@case
def echo_reply():
    made = echo()
    made.sendto(request(8, 7), (HERE, 0))
    data, name = made.recvfrom(100)
    kind, code, _, identifier, sequence = struct.unpack("!BBHHH", data[:8])
    return kind, code, sequence, data[8:], name, identifier == made.getsockname()[1]


@case
def echo_reply_v6():
    made = echo(socket.AF_INET6)
    made.sendto(request(128, 9), (HERE6, 0))
    data, name = made.recvfrom(100)
    return data[0], data[1], data[6:], name


@case
def echo_connected():
    made = echo()
    made.bind((HERE, 4242))
    made.connect((HERE, 0))
    sent = made.send(request(8, 1, b"x" * 100))
    until(made, "IN")
    peeked = made.recv(10, socket.MSG_PEEK)
    data, notes, flags, _ = made.recvmsg(20)
    return (made.getsockname(), sent, len(peeked), data[8:12], flags & socket.MSG_TRUNC != 0,
            made.getsockopt(1, 3), made.getsockopt(1, 38), outcome(made.getpeername))


@case
def echo_that_is_none():
    made = echo()
    return (outcome(made.sendto, request(13, 1), (HERE, 0)),
            outcome(made.sendto, b"short", (HERE, 0)))


# ── Raw sockets ─────────────────────────────────────────────────────────────────────────────────

@case
def raw_kinds():
    def make(*kind):
        socket.socket(*kind).close()
    return [outcome(make, family, kind, protocol)
            for family in (socket.AF_INET, socket.AF_INET6)
            for kind, protocol in ((socket.SOCK_RAW, 0), (socket.SOCK_RAW, 300),
                                   (socket.SOCK_RAW, 89), (socket.SOCK_RAW, 255),
                                   (socket.SOCK_DGRAM, 89), (socket.SOCK_STREAM, 17),
                                   (socket.SOCK_SEQPACKET, 0))]


@case
def raw_icmp():
    made = raw(ICMP)
    made.setsockopt(255, 1, struct.pack("I", ~(1 << 0) & 0xffffffff))
    plain = request(8, 3, b"12345678", 77)
    plain = plain[:2] + struct.pack("!H", checksum(plain)) + plain[4:]
    made.sendto(plain, (HERE, 0))
    data, name = made.recvfrom(200)
    made.settimeout(0.1)
    return (data[0] >> 4, data[9], data[20], data[24:28], data[28:], name,
            outcome(made.recv, 100), made.getsockopt(255, 1))


@case
def raw_icmp_v6():
    made = raw(ICMP6, socket.AF_INET6)
    only_replies = bytearray(b"\xff" * 32)
    only_replies[129 // 32 * 4 + 129 % 32 // 8] &= ~(1 << (129 % 8))
    made.setsockopt(ICMP6, 1, bytes(only_replies))
    made.sendto(request(128, 5, b"12345678", 78), (HERE6, 0))
    data, name = made.recvfrom(200)
    return data[0], data[4:8], data[8:], name


@case
def raw_udp():
    made, heard = raw(socket.IPPROTO_UDP), udp()
    heard.bind((HERE, 0))
    port = heard.getsockname()[1]
    made.sendto(struct.pack("!HHHH", 1234, port, 11, 0) + b"abc", (HERE, 0))
    heard.settimeout(2)
    data, name = heard.recvfrom(100)
    copy = made.recv(100)
    return data, name, copy[9], copy[28:]


@case
def raw_with_header():
    made, heard = raw(255), udp()
    heard.bind((HERE, 0))
    heard.settimeout(2)
    datagram = struct.pack("!HHHH", 99, heard.getsockname()[1], 12, 0) + b"mine"
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(datagram), 5, 0, 9, 17, 0,
                         socket.inet_aton("127.0.0.9"), socket.inet_aton(HERE))
    sent = made.sendto(header + datagram, (HERE, 0))
    return sent, heard.recvfrom(100), made.getsockopt(0, 3)


# ── Errors ──────────────────────────────────────────────────────────────────────────────────────

@case
def errors_are_kept():
    made = udp()
    made.setsockopt(0, IP_RECVERR, 1)
    name = closed_port()
    made.sendto(b"to nobody", name)
    woken = until(made, "ERR")
    first = outcome(made.recvfrom, 10)
    data, notes, flags, told = made.recvmsg(100, 200, ERRQUEUE)
    level, kind, value = notes[0]
    error, origin, icmp_type, code = struct.unpack("IBBB", value[:7])
    made.setblocking(False)
    return (woken, first, data, flags & ERRQUEUE != 0, told == name, level, kind, error, origin,
            icmp_type, code, value[20:24], outcome(made.recvmsg, 1, 1, ERRQUEUE), events(made))


@case
def errors_and_data():
    made, other = udp(), udp()
    made.bind((HERE, 0))
    made.setsockopt(0, IP_RECVERR, 1)
    other.bind((HERE, 0))
    made.sendto(b"x", closed_port())
    until(made, "ERR")
    other.sendto(b"news", made.getsockname())
    time.sleep(0.1)
    error = made.recvmsg(100, 200, ERRQUEUE)[0]
    name_stays = made.getsockname()[1] != 0
    made.settimeout(2)
    return error, name_stays, made.recvfrom(10)[0], made.sendto(b"back", other.getsockname()), \
        other.recvfrom(10)[0], events(made)


@case
def errors_of_connected():
    made = udp()
    made.setsockopt(0, IP_RECVERR, 1)
    made.connect(closed_port())
    made.send(b"x")
    woken = until(made, "ERR")
    pending = made.getsockopt(1, 4)
    left = until(made, "ERR")
    queued = len(made.recvmsg(100, 200, ERRQUEUE)[1])
    return woken, pending, left, queued, events(made)


@case
def errors_too_long():
    made = udp()
    made.setsockopt(0, IP_RECVERR, 1)
    made.setsockopt(0, 10, 2)
    first = outcome(made.sendto, bytes(65500), (HERE, 9))
    until(made, "ERR")
    return first, made.getsockopt(0, 10), outcome(made.recvfrom, 1)


@case
def errors_after_close():
    """Its port is free again at once."""
    made = udp()
    made.setsockopt(0, IP_RECVERR, 1)
    made.bind((HERE, 0))
    name = made.getsockname()
    made.close()
    again = udp()
    return outcome(again.bind, name)


# ── Odds and ends ───────────────────────────────────────────────────────────────────────────────

@case
def time_stamps():
    one, other = udp(), udp()
    one.bind((HERE, 0))
    told = []
    for option, shape in ((29, "ll"), (35, "ll")):
        one.setsockopt(1, option, 1)
        other.sendto(b"x", one.getsockname())
        until(one, "IN")
        level, kind, value = one.recvmsg(10, 200)[1][0]
        seconds, part = struct.unpack(shape, value)
        told.append((level, kind, abs(time.time() - seconds) < 3, one.getsockopt(1, option)))
    return told


@case
def everybody():
    return [outcome(tcp().connect, (whom, 9)) for whom in ("255.255.255.255", "224.0.0.1")]


@case
def devices():
    told = []
    for made in (udp(), tcp(), echo(), raw(ICMP)):
        before = made.getsockopt(1, 25, 16)
        made.setsockopt(1, 25, b"lo")
        told.append((before, made.getsockopt(1, 25, 16), made.getsockopt(1, 62),
                     outcome(made.setsockopt, 1, 25, b"nosuch")))
    return told


# ── Bad arguments ───────────────────────────────────────────────────────────────────────────────

def raw_calls():
    library = ctypes.CDLL(None, use_errno=True)

    def call(name, *words):
        ctypes.set_errno(0)
        answer = getattr(library, name)(*words)
        return errno.errorcode.get(ctypes.get_errno(), "?") if answer < 0 else answer
    return call


@case
def bad_pointers():
    call, wrong = raw_calls(), ctypes.c_void_p(8)
    told = []
    near, far = pair()
    heard = listener()
    waiting = tcp()
    waiting.connect(heard.getsockname())
    until(heard, "IN")
    one = udp()
    one.bind((HERE, 0))
    one.sendto(b"x", one.getsockname())
    until(one, "IN")
    fresh = tcp()
    size = ctypes.c_uint32(16)
    for made in (fresh, one):
        number = made.fileno()
        told += [call("bind", number, wrong, 16), call("connect", number, wrong, 16),
                 call("bind", number, wrong, 5000), call("connect", number, wrong, -1)]
    for made in (near, one):
        number = made.fileno()
        told += [call("getsockname", number, wrong, ctypes.byref(size)),
                 call("getsockname", number, ctypes.byref(size), wrong),
                 call("setsockopt", number, 1, 2, wrong, 4),
                 call("setsockopt", number, 1, 2, ctypes.byref(size), -1),
                 call("getsockopt", number, 1, 2, wrong, ctypes.byref(size)),
                 call("getsockopt", number, 1, 2, ctypes.byref(size), wrong),
                 call("ioctl", number, 0x541b, wrong)]
    for made in (near, one):
        number = made.fileno()
        told += [call("sendmsg", number, wrong, 0), call("recvmsg", number, wrong, 64),
                 call("sendmmsg", number, wrong, 1, 0)]
    told += [call("sendto", one.fileno(), wrong, 10, 0, one_name(one), 16),
             call("sendto", one.fileno(), one_name(one), 10, 0, wrong, 16),
             call("recvfrom", one.fileno(), wrong, 10, 0x42, one_name(one), ctypes.byref(size)),
             call("accept", heard.fileno(), wrong, ctypes.byref(ctypes.c_uint32(16)))]
    return told


def one_name(made):
    host, port = made.getsockname()
    return ctypes.create_string_buffer(struct.pack("=H", 2) + struct.pack("!H", port) +
                                       socket.inet_aton(host) + bytes(8))


@case
def closed_twice():
    call = raw_calls()
    told = []
    for made in (tcp(), udp(), echo(), listener()):
        number = made.detach()
        told.append([call("close", number), call("close", number), call("listen", number, 1),
                     call("shutdown", number, 2), call("getsockname", number, None, None)])
    return told


main()

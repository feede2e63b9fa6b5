#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What calls about options and names of streams do, and what they refuse; see probe.py."""
import ctypes
import errno
import os
import socket

from probe import HERE, HERE6, case, listener, main, outcome, pair, tcp


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

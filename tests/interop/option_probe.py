#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every socket option that Linux documents, asked and set on a fresh socket of each kind: a line
`KIND LEVEL NAME: got, set, got again`. Of the kernel or of our stack, as for probe.py."""
import errno
import socket
import struct

KINDS = {"tcp": (socket.AF_INET, socket.SOCK_STREAM), "udp": (socket.AF_INET, socket.SOCK_DGRAM),
         "tcp6": (socket.AF_INET6, socket.SOCK_STREAM),
         "udp6": (socket.AF_INET6, socket.SOCK_DGRAM)}
LEVELS = {"SOL_SOCKET": 1, "IPPROTO_IP": 0, "IPPROTO_IPV6": 41, "IPPROTO_TCP": 6,
          "IPPROTO_UDP": 17}
# <asm-generic/socket.h>, <linux/in.h>, <linux/in6.h>, <linux/tcp.h>, <linux/udp.h>; SO_ATTACH_*,
# multicast membership and what needs a privilege by nature are left out.
OPTIONS = {
    "SOL_SOCKET": "REUSEADDR 2,TYPE 3,ERROR 4,DONTROUTE 5,BROADCAST 6,SNDBUF 7,RCVBUF 8,"
                  "KEEPALIVE 9,OOBINLINE 10,NO_CHECK 11,PRIORITY 12,LINGER 13,REUSEPORT 15,"
                  "PASSCRED 16,PEERCRED 17,RCVLOWAT 18,SNDLOWAT 19,"
                  "RCVTIMEO 20,SNDTIMEO 21,BINDTODEVICE 25,"
                  "TIMESTAMP 29,ACCEPTCONN 30,MARK 36,TIMESTAMPING 37,PROTOCOL 38,DOMAIN 39,"
                  "SNDBUFFORCE 32,RCVBUFFORCE 33,RXQ_OVFL 40,PEEK_OFF 42,LOCK_FILTER 44,"
                  "SELECT_ERR_QUEUE 45,BUSY_POLL 46,MAX_PACING_RATE 47,INCOMING_CPU 49,COOKIE 57,"
                  "ZEROCOPY 60,TXTIME 61,BINDTOIFINDEX 62",
    "IPPROTO_IP": "TOS 1,TTL 2,HDRINCL 3,OPTIONS 4,RECVOPTS 6,PKTINFO 8,MTU_DISCOVER 10,"
                  "RECVERR 11,RECVTTL 12,RECVTOS 13,MTU 14,FREEBIND 15,TRANSPARENT 19,MINTTL 21,"
                  "BIND_ADDRESS_NO_PORT 24,MULTICAST_IF 32,MULTICAST_TTL 33,MULTICAST_LOOP 34,"
                  "UNICAST_IF 50,LOCAL_PORT_RANGE 51",
    "IPPROTO_IPV6": "UNICAST_HOPS 16,MULTICAST_IF 17,MULTICAST_HOPS 18,MULTICAST_LOOP 19,"
                    "MTU_DISCOVER 23,MTU 24,RECVERR 25,V6ONLY 26,RECVPKTINFO 49,"
                    "RECVHOPLIMIT 51,RECVTCLASS 66,TCLASS 67,AUTOFLOWLABEL 70,MINHOPCOUNT 73,"
                    "TRANSPARENT 75,FREEBIND 78",
    "IPPROTO_TCP": "NODELAY 1,MAXSEG 2,CORK 3,KEEPIDLE 4,KEEPINTVL 5,KEEPCNT 6,SYNCNT 7,"
                   "LINGER2 8,DEFER_ACCEPT 9,WINDOW_CLAMP 10,INFO 11,QUICKACK 12,CONGESTION 13,"
                   "USER_TIMEOUT 18,FASTOPEN 23,TIMESTAMP 24,NOTSENT_LOWAT 25,CC_INFO 26,"
                   "SAVE_SYN 27,FASTOPEN_CONNECT 30,FASTOPEN_NO_COOKIE 34,INQ 36,TX_DELAY 37",
    "IPPROTO_UDP": "CORK 1,NO_CHECK6_TX 101,NO_CHECK6_RX 102,SEGMENT 103,GRO 104",
}
PREFIXES = {"SOL_SOCKET": "SO", "IPPROTO_IP": "IP", "IPPROTO_IPV6": "IPV6", "IPPROTO_TCP": "TCP",
            "IPPROTO_UDP": "UDP"}
# What is not a number, or needs a sensible one.
VALUES = {"SO_LINGER": struct.pack("ii", 1, 2), "SO_RCVTIMEO": struct.pack("ll", 1, 500000),
          "SO_SNDTIMEO": struct.pack("ll", 1, 500000), "TCP_CONGESTION": b"reno",
          "SO_BINDTODEVICE": b"lo\0", "IP_OPTIONS": b"\x01\x01\x01\x00", "IP_TOS": 8, "IP_TTL": 9,
          "IPV6_TCLASS": 8, "IPV6_UNICAST_HOPS": 9, "SO_SNDBUF": 20000, "SO_RCVBUF": 20000,
          "TCP_MAXSEG": 600, "TCP_KEEPIDLE": 33, "TCP_KEEPINTVL": 7, "TCP_KEEPCNT": 4,
          "TCP_USER_TIMEOUT": 5000, "IP_MULTICAST_TTL": 5, "IPV6_MULTICAST_HOPS": 5,
          "TCP_WINDOW_CLAMP": 30000, "TCP_DEFER_ACCEPT": 3, "TCP_LINGER2": 20, "TCP_SYNCNT": 4,
          "UDP_SEGMENT": 500, "SO_MAX_PACING_RATE": struct.pack("Q", 1000000),
          "TCP_NOTSENT_LOWAT": 5000, "SO_RCVLOWAT": 7, "SO_TIMESTAMPING": 8 | 16,
          "IP_MTU_DISCOVER": 2, "IPV6_MTU_DISCOVER": 2}


def name_of(why):
    return errno.errorcode.get(why.errno, str(why.errno))


def get(made, level, number):
    try:
        value = made.getsockopt(level, number, 256)
    except OSError as why:
        return name_of(why)
    return int.from_bytes(value, "little") if len(value) in (1, 4, 8) else f"{len(value)} bytes"


def set_to(made, level, number, value):
    try:
        made.setsockopt(level, number, value)
    except OSError as why:
        return name_of(why)
    return "ok"


def belongs(kind, level):
    if level in ("IPPROTO_TCP", "IPPROTO_UDP"):
        return level[8:].lower() in kind
    return level == "SOL_SOCKET" or kind.endswith("6") == (level == "IPPROTO_IPV6")


def main():
    for level, words in OPTIONS.items():
        for word in words.split(","):
            suffix, number = word.split()
            name = f"{PREFIXES[level]}_{suffix}"
            for kind in KINDS:
                if not belongs(kind, level) or (kind.endswith("6") and level != "IPPROTO_IPV6"):
                    continue
                with socket.socket(*KINDS[kind]) as made:
                    first = get(made, LEVELS[level], int(number))
                    done = set_to(made, LEVELS[level], int(number), VALUES.get(name, 1))
                    again = get(made, LEVELS[level], int(number))
                print(f"{kind[:3]} {level} {name}: {first}, {done}, {again}", flush=True)


main()

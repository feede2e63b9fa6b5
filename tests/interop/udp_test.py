#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""UDP between the kernel's sockets and the services of a stack, and scans by a stranger."""
import re
import socket
import struct
import time

import bench
from bench import HOST4, HOST6, STACK4, STACK6

UDP_SEGMENT = 103  # <linux/udp.h>
SIZES = (0, 1, 2, 511, 1471, 1472, 1473, 2952, 8192, 32768, 65507)


def pattern(size):
    return (bytes(range(251)) * (size // 251 + 1))[:size]


def ask(client, where, payload=b"?"):
    """The datagram that comes back, or None."""
    client.sendto(payload, where)
    try:
        return client.recv(70000)
    except socket.timeout:
        return None


def echo(lab, host):
    for family, address in (("IPv4", STACK4), ("IPv6", STACK6)):
        client = host.udp(HOST4 if family == "IPv4" else HOST6)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        for size in SIZES:
            sent = pattern(size)
            got = ask(client, (address, 7), sent)
            lab.check(f"{family}: echo of {size} bytes", got == sent,
                      "nothing" if got is None else f"{len(got)} bytes")
        burst(lab, family, client, address)
    client = host.udp(HOST6)
    sent = pattern(65527)
    lab.check("IPv6: echo of 65527 bytes, the most there is",
              ask(client, (STACK6, 7), sent) == sent)


def super_segments(lab, host):
    """One send of the kernel that stays whole up to the device and becomes 21 datagrams."""
    for family, ours, address in (("IPv4", HOST4, STACK4), ("IPv6", HOST6, STACK6)):
        client = host.udp(ours)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        client.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, 1000)
        sent = pattern(20500)
        client.sendto(sent, (address, 7))
        got = []
        try:
            while sum(map(len, got)) < len(sent):
                got.append(client.recv(70000))
        except socket.timeout:
            pass
        lab.check(f"{family}: a super-segment is echoed datagram by datagram",
                  [len(one) for one in got] == [1000] * 20 + [500] and b"".join(got) == sent,
                  [len(one) for one in got])


def burst(lab, family, client, address):
    """Twenty windows of fifty datagrams: all come back, in order."""
    got = []
    for window in range(20):
        for number in range(50):
            client.sendto(struct.pack("!II", window, number) * 16, (address, 7))
        for _ in range(50):
            try:
                got.append(struct.unpack("!II", client.recv(2000)[:8]))
            except socket.timeout:
                break
    wanted = [(window, number) for window in range(20) for number in range(50)]
    lab.check(f"{family}: 1000 datagrams come back in order", got == wanted, f"{len(got)} came")


def services(lab, host):
    for family, ours, address in (("IPv4", HOST4, STACK4), ("IPv6", HOST6, STACK6)):
        client = host.udp(ours, timeout=1.0)
        day = ask(client, (address, 13))
        said = re.fullmatch(rb"[A-Z][a-z]+, [A-Z][a-z]+ \d+, (\d{4}) \d\d:\d\d:\d\d-UTC\r\n",
                            day or b"")
        lab.check(f"{family}: daytime says the year", said and
                  int(said.group(1)) == time.gmtime().tm_year, day)
        lines = [ask(client, (address, 19)) for _ in range(10)]
        lab.check(f"{family}: chargen says up to 512 characters of RFC 864",
                  all(text is not None and len(text) <= 512 for text in lines) and any(lines),
                  lines)
        client.settimeout(0.3)
        lab.check(f"{family}: discard is silent", ask(client, (address, 9), pattern(900)) is None)
    lab.check("a service does not answer another service's port",
              ask(host.udp(HOST4, port=19, timeout=0.3), (STACK4, 7)) is None)
    client = host.udp(HOST4, timeout=0.3)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    lab.check("echo to a broadcast is not answered", ask(client, ("10.77.0.255", 7)) is None)


def is_refused(client, where):
    client.connect(where)
    client.send(b"?")
    try:
        client.recv(10)
    except ConnectionRefusedError:
        return True
    except socket.timeout:
        pass
    return False


def closed_ports(lab, host, stack):
    for family, ours, address in (("IPv4", HOST4, STACK4), ("IPv6", HOST6, STACK6)):
        before = stack.drops()
        lab.check(f"{family}: a closed port refuses the kernel's connected socket",
                  is_refused(host.udp(ours), (address, 4444)))
        since = stack.drops().since(before)
        lab.check(f"{family}: and counts it", since.get("udp_no_socket") == 1, since)


def unreachable_rate(lab, host, stack):
    """A stream of datagrams to closed ports: the first few are answered at once, then ten a
    second go to one address (RFC 1812 4.3.2.8)."""
    time.sleep(1)
    before = stack.drops()
    wire, client = host.wire(), host.udp(HOST4)
    begin = time.monotonic()
    for port in range(20000, 20300):
        client.sendto(b"?", (STACK4, port))
    answers = sum(frame[12:14] == b"\x08\x00" and frame[23] == 1 and frame[34:36] == b"\x03\x03"
                  for frame in wire.all(0.5))
    seconds = time.monotonic() - begin
    lab.check("port unreachables are limited", 1 <= answers <= 6 + 10 * seconds + 2,
              f"{answers} in {seconds:.1f} s")
    since = stack.drops().since(before)
    lab.check("every datagram to a closed port is counted", since.get("udp_no_socket") == 300,
              since)
    lab.check("and every answer that was held back",
              since.get("icmp_rate_limited") == 300 - answers, since)


def scans(lab, host):
    done = host.run("nmap", "-n", "-sn", STACK4)
    lab.check("nmap finds the host", "Host is up" in done.stdout, done.stdout)
    done = host.run("nmap", "-n", "-6", "-sn", STACK6)
    lab.check("nmap finds the host by IPv6", "Host is up" in done.stdout, done.stdout)
    # A host that limits its errors is scanned at their rate: few ports, few retries.
    done = host.run("nmap", "-n", "-Pn", "-sU", "--max-retries", 3, "-p", "7,9,13,2000-2007",
                    STACK4)
    lab.check("nmap sees echo and daytime open",
              re.search(r"^7/udp +open ", done.stdout, re.M) and
              re.search(r"^13/udp +open ", done.stdout, re.M), done.stdout)
    lab.check("nmap sees ports closed",
              re.search(r"Not shown: \d+ closed udp ports|/udp +closed", done.stdout), done.stdout)


def groups(lab, host, stack):
    """The stack has joined nothing but what every node joins."""
    before = stack.drops()
    client = host.udp(HOST4)
    client.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(HOST4))
    client.sendto(b"?", ("239.1.2.3", 7))
    client.sendto(b"?", ("224.0.0.1", 7))
    stack.settle()
    since = stack.drops().since(before)
    lab.check("a group nobody joined is not heard", since.get("multicast_not_joined") == 1, since)
    lab.check("all hosts' group reaches the service, which is silent",
              "udp_no_socket" not in since, since)


with bench.Bench(needs=["ping", "nmap"]) as test:
    namespace = test.namespace()
    running = test.up(namespace, "--serve", "echo,discard,chargen,daytime").wait()
    echo(test, namespace)
    super_segments(test, namespace)
    services(test, namespace)
    closed_ports(test, namespace, running)
    groups(test, namespace, running)
    unreachable_rate(test, namespace, running)
    scans(test, namespace)
    test.check("the stack still answers", running.is_answering() and running.is_answering(STACK6))

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""hping3: headers and modes that the usual tools do not send, each a bounded number of times."""
import re

import bench
from bench import STACK4


def hping(host, *words):
    return host.run("hping3", "-n", *words, STACK4).stdout


def received(text):
    found = re.search(r"(\d+) packets transmitted, (\d+) packets received", text)
    return tuple(map(int, found.groups())) if found else None


def answered(lab, host):
    for name, words in (
            ("echo requests", ("-1", "-c", 20, "-i", "u10000")),
            ("echo requests in fragments", ("-1", "-c", 5, "-i", "u10000", "-d", 1000, "-f")),
            ("echo requests of 8000 bytes", ("-1", "-c", 5, "-i", "u10000", "-d", 8000)),
            ("echo requests with DF and a type of service",
             ("-1", "-c", 5, "-i", "u10000", "-y", "-o", "10")),
            ("datagrams to the echo service", ("-2", "-p", 7, "-k", "-c", 20, "-i", "u10000"))):
        text = hping(host, *words)
        count = received(text)
        lab.check(f"hping3: {name} are all answered", count and count[0] == count[1] > 0, text)


def refused(lab, host, stack):
    before = stack.drops()
    text = hping(host, "-2", "-p", 4444, "-c", 3, "-i", 1)
    lab.check("hping3: datagrams to a closed port are refused by ICMP",
              text.count("ICMP Port Unreachable") == 3, text)
    since = stack.drops().since(before)
    lab.check("and counted", since.get("udp_no_socket") == 3, since)
    # Without a listener a SYN is answered at once, by a reset or, from a stack that has no TCP at
    # all, by an ICMP error. Silence would leave the asker waiting.
    text = hping(host, "-S", "-p", 81, "-c", 3, "-i", 1)
    resets = len(re.findall(r"^len=\d+ ip=\S+ .*flags=RA .*$", text, re.M))
    lab.check("hping3: a SYN nobody listens for is refused",
              resets == 3 or text.count("ICMP Protocol Unreachable") == 3, text)


def odd(lab, host, stack):
    for name, words in (
            ("a flood of SYNs from forged addresses", ("-S", "-p", 80, "-a", "192.0.2.9")),
            ("all flags at once", ("-F", "-S", "-R", "-P", "-A", "-U", "-X", "-Y", "-p", 7)),
            ("bad checksums", ("-2", "-p", 7, "-b")),
            ("a wrong TCP offset", ("-S", "-p", 80, "-O", 15)),
            ("timestamp requests", ("-1", "-C", 13)),
            ("address mask requests", ("-1", "-C", 17)),
            ("a protocol of no name", ("-0", "-H", 253, "-d", 64))):
        hping(host, *words, "-c", 200, "-i", "u500")
        lab.check(f"hping3: {name} change nothing",
                  stack.is_running and stack.is_answering(), stack.output)


with bench.Bench(needs=["ping", "hping3"]) as test:
    namespace = test.namespace()
    running = test.up(namespace, "--serve", "echo").wait(STACK4)
    answered(test, namespace)
    refused(test, namespace, running)
    odd(test, namespace, running)
    test.check("strata up ends well", running.stop() == 0, running.output)

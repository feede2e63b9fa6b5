#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Echo in both directions: the kernel's ping, arping and ndisc6 against a stack, and ours back."""
import re

import bench
from bench import HOST4, HOST6, STACK4, STACK6, TAP


def losses(output):
    """(sent, received) as ping counts them."""
    found = re.search(r"(\d+) packets transmitted, (\d+) (?:packets )?received", output)
    return (int(found.group(1)), int(found.group(2))) if found else (0, -1)


def ping(lab, host, name, *words, count=3):
    done = host.run("ping", "-n", "-c", count, "-i", "0.01", "-W", "2", *words)
    text = done.stdout
    lab.check(name, losses(text) == (count, count) and "DUP" not in text and "wrong" not in text,
              text)


def sizes(lab, host):
    for family, address, most in (("IPv4", STACK4, 1472), ("IPv6", STACK6, 1452)):
        ping(lab, host, f"{family}: an empty ping", "-s", 0, address)
        ping(lab, host, f"{family}: a ping of the usual size", address)
        ping(lab, host, f"{family}: the largest ping of one frame", "-s", most, "-M", "do", address)
        ping(lab, host, f"{family}: one byte more, in fragments", "-s", most + 1, address)
        ping(lab, host, f"{family}: 65000 bytes in fragments", "-s", 65000, address)
        ping(lab, host, f"{family}: a pattern comes back", "-p", "a5", "-s", 1000, address)
        flood(lab, host, f"{family}: 10,000 in a flood, none lost", address)


def flood(lab, host, name, address):
    done = host.run("ping", "-n", "-q", "-f", "-c", 10000, address)
    lab.check(name, losses(done.stdout) == (10000, 10000), done.stdout)


def neighbours(lab, host, stack):
    done = host.run("arping", "-c", 3, "-i", TAP, STACK4)
    lab.check("arping", "3 packets received" in done.stdout, done.stdout)
    done = host.run("ndisc6", "-m", "-w", 1000, STACK6, TAP)
    lab.check("ndisc6", done.returncode == 0 and "Target link-layer address" in done.stdout,
              done.stdout)
    done = host.run("rdisc6", "-r", 1, "-w", 500, TAP)
    lab.check("rdisc6: a host advertises nothing", done.returncode == 2, done.stdout)
    address = stack.link_local()
    lab.check("the stack has a link-local address", address, stack.addresses())
    ping(lab, host, "a ping to a link-local address with its zone", f"{address}%{TAP}")
    done = host.run("ping", "-n", "-L", "-c1", "-W2", f"ff02::1%{TAP}")
    lab.check("a ping to all nodes of the link", address and f"from {address}" in done.stdout,
              done.stdout)
    done = host.run("ping", "-n", "-b", "-c1", "-W1", "10.77.0.255")
    lab.check("no answer to a broadcast ping", losses(done.stdout) == (1, 0), done.stdout)


def jumbo(lab):
    host = lab.namespace()
    stack = lab.up(host, "--mtu", 9000).wait()
    for family, address, most in (("IPv4", STACK4, 8972), ("IPv6", STACK6, 8952)):
        ping(lab, host, f"{family}: {most} bytes in a jumbo frame", "-s", most, "-M", "do", address)
        ping(lab, host, f"{family}: 65000 bytes in jumbo fragments", "-s", 65000, address)
    stack.stop()


def from_strata(lab):
    host = lab.namespace()
    for family, address in (("IPv4", HOST4), ("IPv6", HOST6)):
        for size in (56, 1472, 20000):
            done = host.run(lab.program, "ping", "-c", 3, "-i", 0.05, "-s", size, address)
            lab.check(f"{family}: strata ping, {size} bytes",
                      done.returncode == 0 and losses(done.stdout) == (3, 3), done.stdout)
    done = host.run(lab.program, "ping", "-c", 1, "-W", 1, "10.77.0.99")
    lab.check("strata ping to nobody says so", done.returncode == 1, done.stdout)


with bench.Bench(needs=["ping", "arping", "ndisc6", "rdisc6"]) as test:
    namespace = test.namespace()
    running = test.up(namespace).wait()
    sizes(test, namespace)
    neighbours(test, namespace, running)
    running.stop()
    jumbo(test)
    from_strata(test)

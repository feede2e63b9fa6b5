#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Echo in both directions: the kernel's ping, arping and ndisc6 against a stack, and ours back."""
import logging
import re

import bench
from bench import HOST4, HOST6, STACK4, STACK6, TAP


logging.getLogger("scapy").setLevel(logging.ERROR)
try:
    from scapy.layers.inet import ICMP, IP
    from scapy.layers.l2 import ARP, Ether
    from scapy.packet import Raw
except ImportError:
    bench.skip("scapy is not installed for /usr/bin/python3 (./dev setup)")


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


def odd_answers(lab):
    """Answers no kernel gives, made by hand for an address that nobody has."""
    host = lab.namespace()
    ghost, mac = "10.77.0.55", "02:00:00:00:00:55"
    log = lab.folder / "odd.log"
    # There before the stack is, so that its first question is heard.
    host.must("ip", "tuntap", "add", "dev", TAP, "mode", "tap")
    host.must("ip", "link", "set", TAP, "up")
    wire = host.wire()
    process = host.start(lab.program, "ping", "-c", 4, "-i", 0.1, "-W", 5, ghost, output=log)

    def answer(frame):
        """Answers a request of the stack's; its sequence number."""
        seen = Ether(frame)
        if ARP in seen and seen[ARP].pdst == ghost:
            wire.send(Ether(src=mac, dst=seen.src) / ARP(op=2, hwsrc=mac, psrc=ghost,
                                                         hwdst=seen.src, pdst=seen[ARP].psrc))
        if ICMP not in seen or seen[ICMP].type != 8 or seen[IP].dst != ghost:
            return None
        number, data = seen[ICMP].seq, bytes(seen[ICMP].payload)
        changed = {2: data[:40], 3: data[:20] + b"\xee" + data[21:]}.get(number, data)
        head = Ether(src=mac, dst=seen.src) / IP(src=ghost, dst=seen[IP].src)
        reply = head / ICMP(type=0, id=seen[ICMP].id, seq=number) / Raw(changed)
        wire.send(*([reply, reply] if number == 1 else [reply]))
        return number == 4 or None

    wire.find(answer, seconds=15)
    bench.wait_until(lambda: process.poll() is not None, 10)
    text = log.read_text()
    start = f"64 bytes from {ghost}: icmp_seq="
    lab.check("DUP! as ping says it", re.search(start + r"1 ttl=64 time=\S+ ms \(DUP!\)$", text,
                                                re.M) and "+1 duplicates" in text, text)
    lab.check("truncated as ping says it",
              f"48 bytes from {ghost}: icmp_seq=2 ttl=64 (truncated)\n" in text, text)
    lab.check("a wrong byte as ping says it",
              "\nwrong data byte #20 should be 0x14 but was 0xee\n#0\t0 1 2 3 " in text, text)
    lab.check("all of them are answers", process.poll() == 0 and losses(text) == (4, 4), text)


def beside_ping(lab):
    """Line by line beside the kernel's ping, but for times."""
    host = lab.namespace()
    stack = lab.up(host).wait()

    def lines(done):
        text = re.sub(r"time[= ]\S+( ms)?|rtt .*", "TIME", done.stdout)
        return re.sub(r", pipe \d+", "", text).replace(STACK4, HOST4).splitlines()
    for words in (("-c", 2, "-i", 0.2), ("-c", 1, "-s", 0), ("-c", 2, "-i", 0.2, "-q"),
                  ("-c", 2, "-i", 0.2, "-w", 5), ("-n", "-c", 1)):
        theirs = host.run("ping", *words, STACK4)
        ours = host.run(lab.program, "ping", "--device", "tap:second,host=10.78.0.1/24",
                        "--address", "10.78.0.2/24", *words, "10.78.0.1")
        text = [line.replace("10.78.0.1", HOST4) for line in lines(ours)]
        # Without room for a time stamp ping measures nothing; we do.
        wanted = [line + " TIME" if "-s" in words and "icmp_seq" in line else line
                  for line in lines(theirs)]
        if "-s" in words:
            wanted, text = wanted[:5], text[:5]
        lab.check(f"ping {' '.join(map(str, words))}: the lines of ping", text == wanted,
                  (text, wanted))
    stack.stop()
    for words, wanted in ((("-I", STACK4), f"from {STACK4} : 56(84)"),
                          (("-I", TAP), f"from {STACK4} {TAP}: 56(84)")):
        done = host.run(lab.program, "ping", "-c", 1, *words, HOST4)
        lab.check(f"ping {' '.join(words)}", done.returncode == 0 and wanted in done.stdout,
                  done.stdout)
    for words in (("-I", "10.77.0.9"), ("-I", "nothere0"), ("-I", "fd77::2")):
        done = host.run(lab.program, "ping", "-c", 1, *words, HOST4)
        lab.check(f"ping {' '.join(words)} is refused", done.returncode == 1 and "-I: " in
                  done.stdout, done.stdout)
    done = host.run(lab.program, "ping", "-w", 1, "-c", 3, "-i", 0.1, "10.77.0.99")
    lab.check("ping -w ends without an answer, with status 1", done.returncode == 1 and
              "100% packet loss" in done.stdout, done.stdout)


with bench.Bench(needs=["ping", "arping", "ndisc6", "rdisc6"]) as test:
    namespace = test.namespace()
    running = test.up(namespace).wait()
    sizes(test, namespace)
    neighbours(test, namespace, running)
    running.stop()
    jumbo(test)
    from_strata(test)
    odd_answers(test)
    beside_ping(test)

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Paths: a stack behind a kernel that routes, a stack that traces routes, a stack that routes.

    stack 10.77.0.2 -- strata0 -- 10.77.0.1 [kernel routes] 10.78.0.1 -- veth 1400 -- 10.78.0.2 far
"""
import contextlib
import hashlib
import re
import socket
import threading

import bench
from bench import HOST4, HOST6, STACK4, STACK6

FAR4, FAR6 = "10.78.0.2", "fd78::2"
MIDDLE4, MIDDLE6 = "10.78.0.1", "fd78::1"
NARROW = 1400
BLOCKS = 30


def build(lab):
    router, far = lab.namespace(), lab.namespace()
    lab.cable(router, "far0", far, "near0")
    for namespace, device, v4, v6 in ((router, "far0", MIDDLE4, MIDDLE6),
                                      (far, "near0", FAR4, FAR6)):
        namespace.must("ip", "address", "add", f"{v4}/24", "dev", device)
        namespace.must("ip", "address", "add", f"{v6}/64", "dev", device)
        namespace.must("ip", "link", "set", device, "mtu", NARROW)
    far.must("ip", "route", "add", "default", "via", MIDDLE4)
    far.must("ip", "route", "add", "default", "via", MIDDLE6)
    router.set("ipv4/ip_forward", 1)
    router.set("ipv6/conf/all/forwarding", 1)
    return router, far


def hops(output):
    """The addresses a trace shows, by hop."""
    found = {}
    for line in output.splitlines():
        match = re.match(r"\s*(\d+)(?:\.\|--|[:?]?)\s+\S*?"
                         r"((?:\d+\.){3}\d+|[0-9a-f]*:[0-9a-f:]+)", line)
        if match:
            found.setdefault(int(match.group(1)), match.group(2))
    return [found[hop] for hop in sorted(found)]


def kernel_traces(lab, far):
    cases = (("IPv4", STACK4, [MIDDLE4, STACK4], []), ("IPv6", STACK6, [MIDDLE6, STACK6], ["-6"]))
    for family, address, path, flags in cases:
        done = far.run("traceroute", *flags, "-n", "-q", 1, "-w", 2, address)
        lab.check(f"{family}: traceroute by UDP", hops(done.stdout) == path, done.stdout)
        done = far.run("traceroute", *flags, "-n", "-I", "-q", 1, "-w", 2, address)
        lab.check(f"{family}: traceroute by ICMP", hops(done.stdout) == path, done.stdout)
        done = far.run("mtr", "--report", "-n", "-c", 2, "-i", 0.5, "-G", 1, address)
        lab.check(f"{family}: mtr", hops(done.stdout) == path, done.stdout)
        done = far.run("tracepath", "-n", address)
        lab.check(f"{family}: tracepath reaches the stack and knows the path's MTU",
                  f"pmtu {NARROW}" in done.stdout and "reached" in done.stdout and
                  "hops 2" in done.stdout, done.stdout)


def our_traces(lab, router):
    near = ("--device", "tap:trace0,host=10.79.0.1/24,host6=fd79::1/64",
            "--address", "10.79.0.2/24", "--address", "fd79::2/64",
            "--gateway", "10.79.0.1", "--gateway", "fd79::1")
    for family, target, path in (("IPv4", FAR4, ["10.79.0.1", FAR4]),
                                 ("IPv6", FAR6, ["fd79::1", FAR6])):
        for name, flags in (("UDP", ()), ("ICMP", ("--icmp",))):
            done = router.run(lab.program, "traceroute", "-n", *flags, *near, target)
            lab.check(f"{family}: strata traceroute by {name}", hops(done.stdout) == path,
                      done.stdout)


def beside_traceroute(lab, router):
    """Line by line beside the known traceroute, whose way is as long, but for times."""
    near = lab.namespace()
    lab.cable(router, "side0", near, "side1")
    router.must("ip", "address", "add", "10.83.0.1/24", "dev", "side0")
    near.must("ip", "address", "add", "10.83.0.2/24", "dev", "side1")
    near.must("ip", "route", "add", "default", "via", "10.83.0.1")
    router.set("ipv4/icmp_ratelimit", 0)

    def lines(done):
        text = re.sub(r"\d+\.\d{3} ms", "TIME", done.stdout).replace("10.83.", "10.79.")
        return [line.rstrip() for line in text.splitlines()]
    for words in (("-n",), ("-n", "-q", 2), ("-n", "-q", 2, "-I"), ("-n", "-f", 2),
                  ("-n", "-m", 1), (), ("-n", "-q", 1, "-w", 1, "-m", 3, "10.78.0.99")):
        asked = words if words[-1:] == ("10.78.0.99",) else (*words, FAR4)
        theirs = near.run("traceroute", *asked)
        ours = router.run(lab.program, "traceroute", "--device",
                          "tap:trace0,host=10.79.0.1/24", "--address", "10.79.0.2/24",
                          "--gateway", "10.79.0.1", *asked)
        lab.check(f"traceroute {' '.join(map(str, words))}: the lines of traceroute",
                  lines(ours) == lines(theirs), (ours.stdout, theirs.stdout))


def path_mtu(lab, router, far):
    """What the stack sends fits its own link, and not the next one."""
    for family, address in (("IPv4", STACK4), ("IPv6", STACK6)):
        # The first reply may be what the router reports as too big.
        done = far.run("ping", "-n", "-c", 3, "-i", 0.1, "-W", 2, "-s", 1440, address)
        lab.check(f"{family}: large pings through a link of {NARROW}",
                  re.search(r" [23] received", done.stdout), done.stdout)
    for family, ours, address in (("IPv4", FAR4, STACK4), ("IPv6", FAR6, STACK6)):
        client = far.udp(ours, timeout=0.5)
        for size in (1440, 4000, 20000):
            payload = bytes(range(256)) * (size // 256 + 1)
            answers = []
            for _ in range(3):
                client.sendto(payload[:size], (address, 7))
                try:
                    answers.append(client.recv(70000) == payload[:size])
                except socket.timeout:
                    answers.append(None)
            # The first answer may be what the router reports as too big.
            lab.check(f"{family}: {size} bytes through a link of {NARROW}",
                      answers[1:] == [True] * 2, answers)
    client = far.udp(FAR6, timeout=1)
    frames = router.wire()
    client.sendto(b"x" * 1440, (STACK6, 7))
    sizes = [len(frame) - 14 for frame in frames.all(0.3)
             if frame[12:14] == b"\x86\xdd" and frame[20] in (17, 44)]
    lab.check("IPv6: the stack itself now cuts to the path's MTU",
              sizes and max(sizes) <= NARROW, sizes)


def no_route(lab, router, stack):
    router.must("ip", "route", "add", "unreachable", "10.66.0.0/16")
    router.must("ip", "route", "add", "unreachable", "fd66::/64")
    near = ("--device", "tap:trace1,host=10.80.0.1/24,host6=fd80::1/64",
            "--address", "10.80.0.2/24", "--address", "fd80::2/64",
            "--gateway", "10.80.0.1", "--gateway", "fd80::1")
    for family, target, said in (("IPv4", "10.66.0.1", "10.80.0.1"),
                                 ("IPv6", "fd66::1", "fd80::1")):
        done = router.run(lab.program, "ping", "-c", 1, "-W", 2, *near, target)
        lab.check(f"{family}: strata ping tells who found no route",
                  done.returncode == 1 and re.search(rf"{said}.*nreachable", done.stdout),
                  done.stdout)


def bulk(lab, family, left, right, target):
    """TCP of the two kernels through the stack: super-segments come in and are cut again."""
    kind = socket.AF_INET6 if ":" in target else socket.AF_INET
    for name, sender, receiver in (("there", left, right), ("and back", right, left)):
        listener = right.socket(kind, socket.SOCK_STREAM)
        listener.bind((target, 0))
        listener.listen(1)
        client = left.socket(kind, socket.SOCK_STREAM)
        client.settimeout(5)
        client.connect(listener.getsockname()[:2])
        server = listener.accept()[0]
        lab.closing.callback(server.close)
        server.settimeout(5)
        source, sink = (client, server) if sender is left else (server, client)
        block = bytes(range(256)) * 4096
        sent = threading.Thread(target=send_blocks, args=(source, block, BLOCKS), daemon=True)
        sent.start()
        got, digest = 0, hashlib.sha256()
        try:
            while chunk := sink.recv(1 << 20):
                got += len(chunk)
                digest.update(chunk)
        except socket.timeout:
            pass
        lab.check(f"{family}: {BLOCKS} MB of TCP through the stack, {name}",
                  digest.digest() == hashlib.sha256(block * BLOCKS).digest(), f"{got} bytes came")


def send_blocks(source, block, count):
    with contextlib.suppress(OSError):
        for _ in range(count):
            source.sendall(block)
        source.shutdown(socket.SHUT_WR)


def forwarding(lab):
    """The stack between two kernels, whose second link is narrower."""
    left, right = lab.namespace(), lab.namespace()
    stack = lab.up(left, "--forward",
                   "--device", "tap:left,host=10.81.0.1/24,host6=fd81::1/64",
                   "--address", "10.81.0.2/24", "--address", "fd81::2/64",
                   "--device", f"tap:right,mtu={NARROW}",
                   "--address", "10.82.0.2/24", "--address", "fd82::2/64")
    left.must("ip", "link", "set", "right", "netns", right.name)
    right.must("ip", "link", "set", "right", "up")
    right.must("ip", "address", "add", "10.82.0.1/24", "dev", "right")
    right.must("ip", "address", "add", "fd82::1/64", "dev", "right")
    for namespace, v4, via4, v6, via6 in (
            (left, "10.82.0.0/24", "10.81.0.2", "fd82::/64", "fd81::2"),
            (right, "10.81.0.0/24", "10.82.0.2", "fd81::/64", "fd82::2")):
        namespace.must("ip", "route", "add", v4, "via", via4)
        namespace.must("ip", "route", "add", v6, "via", via6)
    stack.wait("10.81.0.2", "fd81::2")
    for family, target, hop in (("IPv4", "10.82.0.1", "10.81.0.2"), ("IPv6", "fd82::1", "fd81::2")):
        answered = bench.wait_until(lambda t=target: stack.is_answering(t), 10)
        lab.check(f"{family}: a ping through the stack", answered, left.run("ip", "route").stdout)
        done = left.run("traceroute", "-n", "-q", 1, "-w", 2, target)
        lab.check(f"{family}: the stack is a hop", hops(done.stdout) == [hop, target], done.stdout)
        done = left.run("tracepath", "-n", target)
        lab.check(f"{family}: the stack tells the MTU of its second link",
                  f"pmtu {NARROW}" in done.stdout and "reached" in done.stdout, done.stdout)
        done = left.run("ping", "-n", "-c", 3, "-i", 0.05, "-s", 20000, target)
        lab.check(f"{family}: fragments through the stack", " 3 received" in done.stdout,
                  done.stdout)
        done = left.run("ping", "-n", "-q", "-f", "-c", 3000, target)
        lab.check(f"{family}: a flood through the stack, none lost",
                  " 3000 received" in done.stdout, done.stdout)
        done = left.run("ping", "-n", "-c", 1, "-t", 1, target)
        lab.check(f"{family}: a hop limit of 1 ends here", "exceeded" in done.stdout, done.stdout)
        bulk(lab, family, left, right, target)
    done = left.run("ping", "-n", "-c", 1, "-W", 5, "10.82.0.77")
    lab.check("IPv4: nobody there is told as host unreachable", "nreachable" in done.stdout,
              done.stdout)
    stack.stop()


with bench.Bench(needs=["ping", "traceroute", "mtr", "tracepath"]) as test:
    middle, end = build(test)
    running = test.up(middle, "--serve", "echo", "--gateway", HOST4, "--gateway", HOST6).wait()
    test.check("a ping through the kernel's router",
               end.run("ping", "-c1", "-W2", STACK4).returncode == 0 and
               end.run("ping", "-c1", "-W2", STACK6).returncode == 0)
    path_mtu(test, middle, end)
    kernel_traces(test, end)
    our_traces(test, middle)
    beside_traceroute(test, middle)
    no_route(test, middle, running)
    running.stop()
    forwarding(test)

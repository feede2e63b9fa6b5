#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""One host of several stacks: `strata up --cores`, with a queue a core and with one for all."""
import re
import socket
import subprocess
import threading

import bench
from bench import HOST4, HOST6, STACK4, STACK6, TAP

FAMILIES = (("IPv4", HOST4, STACK4), ("IPv6", HOST6, STACK6))


def lines(stack):
    return {line["core"]: line for line in stack.status()["cores"]}


def pattern(size):
    return (bytes(range(251)) * (size // 251 + 1))[:size]


def echo(lab, host, stack, what):
    """Fifty sockets of the kernel, so that both cores have some; each hears its own bytes."""
    before = lines(stack)
    for family, ours, theirs in FAMILIES:
        good = 0
        for number in range(50):
            client = host.udp(ours)
            sent = pattern(100 + number)
            client.sendto(sent, (theirs, 7))
            try:
                good += client.recv(70000) == sent
            except socket.timeout:
                pass
            client.close()
        lab.check(f"{what}, {family}: 50 sockets are echoed", good == 50, good)
        client = host.udp(ours)
        for size in (8000, 65507):
            sent = pattern(size)
            client.sendto(sent, (theirs, 7))
            try:
                got = client.recv(70000)
            except socket.timeout:
                got = b""
            lab.check(f"{what}, {family}: {size} bytes in fragments are echoed", got == sent,
                      len(got))
    after = lines(stack)
    moved = {core: after[core]["received_packets"] - before[core]["received_packets"]
             for core in after}
    lab.check(f"{what}: every core served some", min(moved.values()) >= 10, moved)


def pings(lab, host, what):
    for family, theirs in (("IPv4", STACK4), ("IPv6", STACK6)):
        for size in (56, 8000):
            said = host.run("ping", "-c5", "-i0.05", "-W2", "-s", size, theirs).stdout
            lab.check(f"{what}, {family}: 5 pings of {size} bytes, each answered once",
                      "5 received" in said and "DUP" not in said, said)


def fetch(lab, host, stack, folder, what):
    wanted = (folder / "page").read_bytes()
    before = lines(stack)
    for family, theirs in (("IPv4", STACK4), ("IPv6", f"[{STACK6}]")):
        good = sum(subprocess.run(host.command("curl", "-s", "-m", "20", f"http://{theirs}/page"),
                                  stdout=subprocess.PIPE, check=False).stdout == wanted
                   for _ in range(25))
        lab.check(f"{what}, {family}: 25 times curl", good == 25, good)
    after = lines(stack)
    moved = {core: after[core]["received_packets"] - before[core]["received_packets"]
             for core in after}
    lab.check(f"{what}: connections on every core", min(moved.values()) >= 10, moved)


def transfers(lab, host, what):
    """Eight connections at once, each of which writes and reads two megabytes."""
    sent = pattern(2 << 20)
    good = []

    def transfer(theirs):
        with host_lock, host.entered():
            stream = socket.socket(socket.AF_INET6 if ":" in theirs else socket.AF_INET)
        stream.settimeout(40)
        stream.connect((theirs, 7))
        writer = threading.Thread(target=lambda: (stream.sendall(sent),
                                                  stream.shutdown(socket.SHUT_WR)))
        writer.start()
        got = b""
        while part := stream.recv(1 << 20):
            got += part
        writer.join()
        good.append(got == sent)

    host_lock = threading.Lock()
    threads = [threading.Thread(target=transfer, args=(theirs,))
               for theirs in (STACK4, STACK6) * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lab.check(f"{what}: 8 connections of 2 MB at once", good == [True] * 8, good)


def is_refused(host, ours, theirs):
    """Asked again when nothing comes: a core sends six errors to a host at once, then ten a second,
    and chance may have put all flows on one core."""
    client = host.udp(ours, timeout=0.5)
    client.connect((theirs, 4444))
    try:
        for _ in range(4):
            try:
                client.send(b"?")
                client.recv(10)
            except ConnectionRefusedError:
                return True
            except socket.timeout:
                pass
        return False
    finally:
        client.close()


def errors(lab, host, what):
    for family, ours, theirs in FAMILIES:
        refused = sum(is_refused(host, ours, theirs) for _ in range(8))
        lab.check(f"{what}, {family}: closed ports refuse 8 sockets", refused == 8, refused)


def one_owner(lab, host):
    """Whoever asks who has the address hears it once, and the host is announced once."""
    wire = host.wire()
    host.run("ip", "neigh", "flush", "dev", TAP)
    wire.clear()
    host.run("ping", "-c1", "-W2", STACK4)
    replies = [frame for frame in wire.all(0.5)
               if frame[12:14] == b"\x08\x06" and frame[20:22] == b"\x00\x02"]
    lab.check("an ARP request has one answer", len(replies) == 1, len(replies))


def with_queues(lab):
    host = lab.namespace()
    folder = lab.folder / "www"
    folder.mkdir()
    (folder / "page").write_bytes(pattern(100_000))
    stack = lab.up(host, "--cores", 2, "--serve", "echo", "--serve", f"http={folder}",
                   "--device", f"tap:{TAP},host={HOST4}/24,host6={HOST6}/64,queues=2",
                   "--address", f"{STACK4}/24", "--address", f"{STACK6}/64").wait()
    pings(lab, host, "two queues")
    echo(lab, host, stack, "two queues")
    fetch(lab, host, stack, folder, "two queues")
    transfers(lab, host, "two queues")
    errors(lab, host, "two queues")
    one_owner(lab, host)
    seen = lines(stack)
    crossed = sum(line["handed_over"] for line in seen.values())
    total = sum(line["received_packets"] for line in seen.values())
    lab.check("the kernel knows which queue a flow is for: few frames cross", crossed * 5 < total,
              seen)
    lab.check("no ring was ever full", all(one["ring_full_drops"] == 0 for one in seen.values()),
              seen)
    status = stack.status()
    counted = status["counters"]
    lab.check("counters are the sum over cores",
              counted["udp_received"] >= 100 and counted["tcp_received"] > 300, counted)
    text = host.run(lab.program, "status", "--control", stack.control).stdout
    lab.check("strata status has a line for each core",
              re.search(r"Cores\n +0 .*\n +1 ", text), text)
    lab.check("it ends in order", stack.stop() == 0, stack.output)


def with_one_queue(lab):
    """The second core has no queue: it receives and sends by the first."""
    host = lab.namespace()
    stack = lab.up(host, "--cores", 3, "--serve", "echo",
                   "--device", f"tap:{TAP},host={HOST4}/24,host6={HOST6}/64,queues=1",
                   "--address", f"{STACK4}/24", "--address", f"{STACK6}/64").wait()
    pings(lab, host, "one queue")
    echo(lab, host, stack, "one queue")
    transfers(lab, host, "one queue")
    seen = lines(stack)
    lab.check("the others send by the core that has the queue",
              seen[0]["sent_for_others"] > 50, seen)
    lab.check("it ends in order", stack.stop() == 0, stack.output)


def refusals(lab):
    host = lab.namespace()
    for words, wanted in (
            (("up", "--cores", 2, "--device", "rootless"), "rootless gateway is of one core"),
            (("up", "--cores", 2, "--device", "tap:x,queues=3"), "3 queues need as many cores"),
            (("run", "--cores", 2, "--", "true"), "is done by one core"),
            (("up", "--cores", 0), "--cores")):
        done = host.run(lab.program, *words)
        lab.check(f"{' '.join(map(str, words))} is refused", done.returncode != 0
                  and wanted in done.stdout, done.stdout)


def main():
    with bench.Bench(needs=["ping", "curl"], seconds=110) as lab:
        with_queues(lab)
        with_one_queue(lab)
        refusals(lab)


if __name__ == "__main__":
    main()

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Comments on packets: what became of each, as tshark shows it in captures of a stack, and as
`strata capture` writes it."""
import re

import bench
from bench import HOST4, STACK4, TAP

# A host that the kernel is not: nobody answers what the stack sends it.
STRANGER, STRANGER_MAC = "10.77.0.77", "02:00:00:00:00:77"


class Conversation:
    """TCP with the echo service by hand, so that nothing is acknowledged but when we say so."""

    def __init__(self, host, mac):
        from scapy.all import ARP, IP, TCP, Ether
        self.wire, self.tcp = host.wire(), TCP
        self.link = Ether(src=STRANGER_MAC, dst=mac)
        self.ip = IP(src=STRANGER, dst=STACK4)
        self.wire.send(Ether(src=STRANGER_MAC, dst="ff:ff:ff:ff:ff:ff") /
                       ARP(op=1, hwsrc=STRANGER_MAC, psrc=STRANGER, pdst=STACK4))
        self.send("S", 1000, 0, options=[("MSS", 1460), ("SAckOK", b"")])
        answer = self.hear(lambda tcp: tcp.flags == "SA")
        self.peer = answer.seq + 1 if answer else 0

    def send(self, flags, seq, ack, text=b"", **more):
        self.wire.send(self.link / self.ip / self.tcp(
            sport=5000, dport=7, flags=flags, seq=seq, ack=ack, **{"window": 60000, **more}) / text)

    def hear(self, wanted, seconds=5):
        from scapy.all import Ether

        def is_it(frame):
            packet = Ether(bytes(frame))
            is_ours = self.tcp in packet and packet[self.tcp].sport == 7
            return packet[self.tcp] if is_ours and wanted(packet[self.tcp]) else None
        return self.wire.find(is_it, seconds)


def rows(host, path, *fields, only="frame.comment"):
    words = [word for name in fields for word in ("-e", name)]
    done = host.run("tshark", "-n", "-r", path, "-Y", only, "-T", "fields", *words)
    return [line.split("\t") for line in done.stdout.splitlines()
            if line and not line.startswith(("Running as user", "tshark:"))]


def talk(lab, host, stack):
    mac = next(one["mac"] for one in stack.status()["interfaces"] if one["name"] == TAP)
    one = Conversation(host, mac)
    lab.check("the stranger is connected", one.peer)
    one.send("A", 1001, one.peer)
    one.send("PA", 1001, one.peer, b"hello")
    first = one.hear(lambda tcp: bytes(tcp.payload)[:5] == b"hello")
    again = one.hear(lambda tcp: bytes(tcp.payload)[:5] == b"hello" and tcp.seq == first.seq)
    lab.check("what it does not acknowledge is sent again", first and again)
    one.send("A", 1006, one.peer, window=0)
    one.send("A", 1006, one.peer, options=[("NOP", None), ("NOP", None),
                                           ("SAck", (one.peer + 2, one.peer + 4))])
    one.send("R", 5, 0)  # nowhere near the window
    host.udp(HOST4).sendto(b"x", (STACK4, 4444))
    host.udp(HOST4).sendto(b"x", (STACK4, 7))
    host.run("ping", "-c", 2, "-i", 0.05, STACK4)
    stack.settle()


def judge(lab, host, name, path):
    done = host.run("capinfos", path)
    lab.check(f"{name}: capinfos reads it", done.returncode == 0, done.stdout)
    done = host.run("tshark", "-n", "-r", path, "-V")
    lab.check(f"{name}: tshark -V has no complaint", done.returncode == 0 and
              "Malformed" not in done.stdout and "Packet comments" in done.stdout,
              done.stdout[-300:])
    seen = rows(host, path, "frame.comment", "udp.dstport", "tcp.len", "tcp.flags.reset",
                "tcp.dstport")
    closed = [row for row in seen if row[1] == "4444" and "dropped: udp_no_socket: " in row[0]]
    lab.check(f"{name}: a datagram for nobody says why it was dropped", len(closed) == 1, seen)
    lab.check(f"{name}: one for a service says nothing",
              not [row for row in seen if row[1] == "7"], seen)
    again = [row for row in seen if row[0].startswith("Sent again: ")]
    lab.check(f"{name}: what was sent again says so, and why",
              any(row[2] == "5" for row in again), seen)
    lab.check(f"{name}: and what limits the connection",
              any("What limits the connection: " in row[0] for row in again), again)
    lab.check(f"{name}: the zero window is named",
              any(row[0].startswith("Zero window: the program over there") for row in seen), seen)
    lab.check(f"{name}: what SACK misses is counted",
              any("SACK: the peer misses 2 bytes in 1 piece" in row[0] for row in seen), seen)
    lab.check(f"{name}: a reset from nowhere is refused in words",
              any(row[3] in ("1", "True") and row[4] == "7" and
                  row[0].startswith("dropped: tcp_") for row in seen), seen)
    pings = rows(host, path, "frame.number", "frame.comment", only="icmp.type == 8")
    lab.check(f"{name}: pings are answered without a word", len(pings) >= 2 and
              not any(row[1] for row in pings), pings)


def of_a_stack(lab, host):
    path = lab.folder / "stack.pcapng"
    stack = lab.up(host, "--capture", path, "--serve", "echo").wait()
    talk(lab, host, stack)
    drops = host.run(lab.program, "drops", "--control", stack.control).stdout
    lab.check("strata up ends well", stack.stop() == 0, stack.output)
    judge(lab, host, "--capture", path)
    said = [row[0] for row in rows(host, path, "frame.comment") if "udp_no_socket" in row[0]]
    sentence = said[0].split(": ", 2)[2] if said else "?"
    lab.check("in the words of strata drops", sentence in re.sub(r"\s+", " ", drops),
              (said, drops))
    return path


def of_a_watcher(lab, host):
    path, log = lab.folder / "watched.pcapng", lab.folder / "watched.log"
    lines = lab.folder / "lines.log"
    stack = lab.up(host, "--serve", "echo").wait()
    writer = host.start(lab.program, "capture", "--control", stack.control, "-w", path, output=log)
    shower = host.start(lab.program, "capture", "--control", stack.control, "udp", "port", "4444",
                        output=lines)
    for process in (writer, shower):
        bench.wait_until(lambda one=process: one.poll() is not None or bench.catches(one), 10)
    talk(lab, host, stack)
    told = bench.wait_until(lambda: "  # dropped: udp_no_socket: " in lines.read_text(), 5)
    lab.check("the line of a packet that was dropped says why", told, lines.read_text())
    lab.check("strata capture ends well", bench.end(writer) == 0, log.read_text())
    bench.end(shower)
    lab.check("strata up ends well", stack.stop() == 0, stack.output)
    judge(lab, host, "strata capture", path)


def of_others(lab, host, capture):
    """Comments that somebody else wrote are kept, within bounds."""
    given, copy = lab.folder / "given.pcapng", lab.folder / "copy.pcapng"
    one, two = [row[0] for row in rows(host, capture, "frame.number", "frame.len",
                                       only="not frame.comment")][:2]
    host.must("editcap", "-a", f"{one}:" + "wörtlich " * 300, "-a", f"{two}:kept as it is", capture,
              given)
    done = host.run(lab.program, "capture", "-r", given, "-w", copy)
    lab.check("a file with long comments is read and written", done.returncode == 0, done.stdout)
    said = dict(rows(host, copy, "frame.number", "frame.comment"))
    lab.check("a long comment is cut, as text", said.get(one, "").startswith("wörtlich ") and
              900 < len(said[one].encode()) <= 1024, said.get(one))
    lab.check("others are kept", said.get(two) == "kept as it is", said.get(two))
    told = host.run(lab.program, "capture", "-r", given, "--json").stdout
    lab.check("JSON has them, too", '"comment":"kept as it is' in told, told)


with bench.Bench(needs=["ping", "tshark", "capinfos", "editcap"], seconds=120) as test:
    namespace = test.namespace()
    found = of_a_stack(test, namespace)
    of_a_watcher(test, namespace)
    of_others(test, namespace, found)

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""VLAN and QinQ. The kernel here may have no 8021q, so scapy builds the frames of a tagged
neighbour, and tshark judges what comes back. The stack is `strata up --vlan`, and then vlan_peer,
which gives VLAN 10 the priority 3. Both have

    10.77.0.2   untagged
    10.77.10.2  and fd77:10::2  in VLAN 10
    10.77.20.2  and fd77:20::2  in VLAN 20 of service VLAN 100 (802.1ad)
"""
import logging
import os
import pathlib
import struct

import bench
from bench import TAP

logging.getLogger("scapy").setLevel(logging.ERROR)
try:
    from scapy.layers.inet import ICMP, IP, UDP
    from scapy.layers.inet6 import (ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6ND_NA, ICMPv6ND_NS,
                                    ICMPv6NDOptSrcLLAddr, IPv6)
    from scapy.layers.l2 import ARP, Dot1AD, Dot1Q, Ether
    from scapy.packet import Raw
except ImportError:
    bench.skip("scapy is not installed for /usr/bin/python3 (./dev setup)")

OURS = "02:aa:aa:aa:aa:aa"
SERVICE_TAG, CUSTOMER_TAG = 0x88A8, 0x8100


def tags_of(frame):
    """(ethertype of the tag, id, priority) of each tag of a frame, outermost first."""
    tags, at = [], 12
    while (kind := struct.unpack("!H", frame[at:at + 2])[0]) in (SERVICE_TAG, CUSTOMER_TAG):
        word = struct.unpack("!H", frame[at + 2:at + 4])[0]
        tags.append((kind, word & 0xFFF, word >> 13))
        at += 4
    return tags


class Neighbour:
    """A host that puts `tags` on all it sends and expects `wanted` on all that comes back."""

    def __init__(self, lab, wire, seen, name, tags, wanted, number):
        self.lab, self.wire, self.seen, self.name = lab, wire, seen, name
        self.tags, self.wanted = tags, wanted
        self.v4 = [f"10.77.{number}.{host}" for host in (1, 2)]
        self.v6 = [f"fd77:{number}::{host}" for host in (1, 2)]
        self.mac = None

    def frame(self, packet, to=None):
        head = Ether(src=OURS, dst=to or self.mac)
        for tag in self.tags:
            head = head / tag
        return head / packet

    def ask(self, name, frame, wanted, seconds=1.0):
        self.wire.clear()
        self.wire.send(frame)

        def test(back):
            self.seen.append(back)
            return back if wanted(Ether(back)) else None
        back = self.wire.find(test, seconds)
        self.lab.check(f"{self.name}: {name}", back and tags_of(back) == self.wanted,
                       back and tags_of(back))
        return back

    def silence(self, name, frame):
        self.wire.clear()
        self.wire.send(frame)
        back = [one for one in self.wire.all(0.2) if Ether(one).dst == OURS]
        self.lab.check(f"{self.name}: {name}", not back, [tags_of(one) for one in back])

    def arp(self):
        who = ARP(op=1, hwsrc=OURS, psrc=self.v4[0], pdst=self.v4[1])
        back = self.ask("ARP is answered", self.frame(who, "ff:ff:ff:ff:ff:ff"),
                        lambda packet: ARP in packet and packet[ARP].op == 2)
        self.mac = back and Ether(back)[ARP].hwsrc
        return self.mac

    def echo(self, size):
        data = bytes(range(256)) * (size // 256 + 1)
        packet = IP(src=self.v4[0], dst=self.v4[1]) / ICMP(id=7, seq=size) / Raw(data[:size])
        self.ask(f"ping of {size} bytes", self.frame(packet),
                 lambda back: ICMP in back and back[ICMP].type == 0 and
                 bytes(back[ICMP].payload)[:size] == data[:size])

    def udp(self):
        packet = IP(src=self.v4[0], dst=self.v4[1]) / UDP(sport=5555, dport=7) / Raw(b"tagged")
        self.ask("UDP echo", self.frame(packet),
                 lambda back: UDP in back and back[UDP].sport == 7 and
                 bytes(back[UDP].payload)[:6] == b"tagged")

    def six(self):
        group = f"ff02::1:ff00:{2}"
        question = (IPv6(src=self.v6[0], dst=group, hlim=255) / ICMPv6ND_NS(tgt=self.v6[1]) /
                    ICMPv6NDOptSrcLLAddr(lladdr=OURS))
        self.ask("a neighbour solicitation is answered",
                 self.frame(question, "33:33:ff:00:00:02"),
                 lambda back: ICMPv6ND_NA in back and back[ICMPv6ND_NA].tgt == self.v6[1])
        packet = IPv6(src=self.v6[0], dst=self.v6[1]) / ICMPv6EchoRequest(id=7, data=b"x" * 1400)
        self.ask("ping by IPv6", self.frame(packet), lambda back: ICMPv6EchoReply in back)


def converse(lab, wire, seen, priority):
    neighbours = (
        Neighbour(lab, wire, seen, "untagged", [], [], 0),
        Neighbour(lab, wire, seen, "VLAN 10", [Dot1Q(vlan=10)], [(CUSTOMER_TAG, 10, priority)],
                  10),
        Neighbour(lab, wire, seen, "QinQ 100.20", [Dot1AD(vlan=100), Dot1Q(vlan=20)],
                  [(SERVICE_TAG, 100, 0), (CUSTOMER_TAG, 20, 0)], 20),
    )
    for one in neighbours:
        if not one.arp():
            continue
        # One tag rides on top of the MTU, a second one takes its four bytes from it.
        for size in (0, 56, 1468 if len(one.tags) == 2 else 1472):
            one.echo(size)
        one.udp()
        if one.tags:
            one.six()
    return neighbours


def strays(plain, tagged, double):
    request = IP(src=tagged.v4[0], dst=tagged.v4[1]) / ICMP(id=8)

    def behind(*tags):
        frame = Ether(src=OURS, dst=tagged.mac)
        for tag in tags:
            frame = frame / tag
        return frame / request
    tagged.silence("another VLAN is not ours", behind(Dot1Q(vlan=11)))
    tagged.silence("nor is the same number as a service tag", behind(Dot1AD(vlan=10)))
    double.silence("nor the customer tag without its service tag",
                   Ether(src=OURS, dst=double.mac) / Dot1Q(vlan=20) /
                   IP(src=double.v4[0], dst=double.v4[1]) / ICMP(id=8))
    tagged.silence("nor three tags", behind(Dot1Q(vlan=10), Dot1Q(vlan=10), Dot1Q(vlan=10)))
    tagged.silence("a frame that ends inside its tag",
                   bytes(Ether(src=OURS, dst=tagged.mac, type=CUSTOMER_TAG) / Raw(b"\0")))
    # IEEE 802.1Q 6.9: VLAN 0 says only a priority.
    plain.ask("a priority tag is no VLAN",
              Ether(src=OURS, dst=plain.mac) / Dot1Q(vlan=0, prio=5) /
              IP(src=plain.v4[0], dst=plain.v4[1]) / ICMP(id=9),
              lambda back: ICMP in back and back[ICMP].type == 0)


def judge(lab, host, seen, priority):
    path = lab.folder / f"vlan{priority}.pcap"
    with path.open("wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        for number, frame in enumerate(seen):
            out.write(struct.pack("<IIII", number, 0, len(frame), len(frame)) + frame)

    def tshark(display):
        done = host.run("tshark", "-n", "-r", path, "-o", "ip.check_checksum:TRUE", "-o",
                        "udp.check_checksum:TRUE", "-Y", display)
        return [line for line in done.stdout.splitlines() if "Running as" not in line]
    bad = tshark("_ws.malformed or ip.checksum.status == Bad or udp.checksum.status == Bad or "
                 "icmp.checksum.status == Bad or icmpv6.checksum.status == Bad")
    lab.check("tshark finds no fault in what the stack sent", not bad, "\n".join(bad))
    lab.check(f"tshark sees VLAN 10 with priority {priority}",
              len(tshark(f"vlan.id == 10 and vlan.priority == {priority} and icmp")) >= 3)
    lab.check("tshark sees VLAN 20 inside service VLAN 100",
              len(tshark("ieee8021ad and vlan.id == 20 and icmp") or
                  tshark("ieee8021ad.id == 100 and icmp")) >= 3)


def program(lab, host):
    """strata up: an interface for each --vlan, whose addresses follow it."""
    arguments = ["--device", f"tap:{TAP},host=10.77.0.1/24", "--address", "10.77.0.2/24"]
    for vlan, number in (("10", 10), ("100.20", 20)):
        arguments += ["--vlan", vlan, "--address", f"10.77.{number}.2/24",
                      "--address", f"fd77:{number}::2/64"]
    stack = lab.up(host, *arguments, "--serve", "echo")
    bench.wait_until(lambda: all(one["state"] == "preferred" for one in stack.addresses()), 15)
    known = {one["name"]: one.get("vlan") for one in stack.status()["interfaces"]}
    lab.check("strata status names the VLANs", known.get(f"{TAP}.10") == [10] and
              known.get(f"{TAP}.100.20") == [100, 20], known)
    host.must("ip", "link", "set", TAP, "mtu", 1508)
    frames = []
    converse(lab, host.wire(), frames, 0)
    judge(lab, host, frames, 0)
    lab.check("strata up with VLANs ends well", stack.stop() == 0, stack.output)


def peer(lab, host):
    path = pathlib.Path(lab.program).resolve().parent / "interop/vlan_peer"
    if not os.access(path, os.X_OK):
        raise RuntimeError(f"{path} is not built")
    log = lab.folder / "peer.log"
    process = host.start(path, f"tap:{TAP},host=10.77.0.1/24", output=log)
    bench.wait_until(lambda: "up" in log.read_text() or process.poll() is not None, 10)
    # So that the kernel lets a full frame with two tags out.
    host.must("ip", "link", "set", TAP, "mtu", 1508)
    wire, frames = host.wire(), []
    untagged, single, stacked = converse(lab, wire, frames, 3)
    if all(one.mac for one in (untagged, single, stacked)):
        strays(untagged, single, stacked)
    judge(lab, host, frames, 3)
    lab.check("the peer ends well", bench.end(process) == 0, log.read_text())
    lab.check("what was not ours is counted", "vlan_not_configured 3" in log.read_text(),
              log.read_text())


with bench.Bench(needs=["tshark"]) as test:
    namespace = test.namespace()
    program(test, namespace)
    peer(test, namespace)

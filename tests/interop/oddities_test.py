#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What no sane host sends, built with scapy: each oddity has its answer, or its silence, and its
drop counter; and after each group the stack still answers a ping."""
import logging
import struct
import time

import bench
from bench import HOST4, HOST6, STACK4, STACK6

logging.getLogger("scapy").setLevel(logging.ERROR)
try:
    from scapy.layers.inet import (ICMP, IP, TCP, UDP, ICMPerror, IPerror, IPOption_LSRR,
                                   IPOption_RR, IPOption_SSRR, IPOption_Timestamp)
    from scapy.layers.inet6 import (HBHOptUnknown, ICMPv6DestUnreach, ICMPv6EchoReply,
                                    ICMPv6EchoRequest, ICMPv6ND_NA, ICMPv6NDOptDstLLAddr,
                                    ICMPv6PacketTooBig, ICMPv6ParamProblem, IPv6,
                                    IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop,
                                    IPv6ExtHdrRouting, Pad1, PadN, RouterAlert)
    from scapy.layers.l2 import ARP, Dot1Q, Ether
    from scapy.packet import Raw
except ImportError:
    bench.skip("scapy is not installed for /usr/bin/python3 (./dev setup)")

FRAGMENT_HEADER = 44


class Oddities:
    """Sends frames and compares what came of them."""

    def __init__(self, lab, host, stack):
        self.lab, self.host, self.stack = lab, host, stack
        self.wire = host.wire()
        self.ours = host.mac()
        self.theirs = self.find_mac()
        self.identifier = 0

    def find_mac(self):
        line = self.host.must("ip", "neighbor", "show", STACK4)
        return line.split("lladdr ")[1].split()[0]

    def frame(self, packet, to=None):
        version = bytes(packet)[0] >> 4
        kind = {"type": 0x86DD if version == 6 else 0x0800} if isinstance(packet, Raw) else {}
        return Ether(src=self.ours, dst=to or self.theirs, **kind) / packet

    def ip(self, **fields):
        self.identifier += 1
        return IP(src=HOST4, dst=STACK4, id=0x4000 + self.identifier, **fields)

    def ip6(self, **fields):
        return IPv6(src=HOST6, dst=STACK6, **fields)

    def echo(self, data=b"odd"):
        self.identifier += 1
        return ICMP(type=8, id=0x0dd, seq=self.identifier) / Raw(data)

    def echo6(self, data=b"odd"):
        self.identifier += 1
        return ICMPv6EchoRequest(id=0x0dd, seq=self.identifier, data=data)

    def before_a_ping(self):
        """What the stack sent before it answered a ping that comes after all else."""
        self.identifier += 1
        number = self.identifier
        self.wire.send(self.frame(self.ip() / ICMP(type=8, id=0xfe, seq=number)))
        frames = []

        def is_answer(frame):
            packet = Ether(frame)
            if ICMP in packet and (packet[ICMP].id, packet[ICMP].seq) == (0xfe, number):
                return True
            frames.append(packet)
            return False
        if not self.wire.find(is_answer, 5 * bench.PATIENCE):
            raise RuntimeError(f"the stack answers no ping any more: {self.stack.output}")
        return frames

    def try_frames(self, name, frames, answer=None, drops=None):
        """Sends the frames. `answer(packet)` must be true of a packet that comes back (None:
        nothing may come back), and the drop counters must have moved by exactly `drops`."""
        before = self.stack.drops()
        self.wire.clear()
        self.wire.send(*frames)
        self.stack.settle()
        back = [packet for packet in self.before_a_ping() if self.is_about_us(packet)]
        since = self.stack.drops().since(before)
        if answer is None:
            fits = not back
        else:
            fits = any(answer(packet) for packet in back)
        words = f"came back: {[packet.summary() for packet in back]}; drops: {since}"
        self.lab.check(name, fits and since == (drops or {}), words)
        # Ten a second to one destination, and some in advance.
        time.sleep(0.11 * sum(map(is_any_error, back)))
        return back

    @staticmethod
    def is_about_us(packet):
        """Leaves out what the two ends say of themselves: ARP, neighbour discovery, groups."""
        if ARP in packet:
            return False
        if IPv6 in packet:
            return not any(kind in packet.summary() for kind in ("Neighbor", "MLReport", "ND_"))
        return IP in packet and packet[IP].proto != 2

    def alive(self, after):
        self.lab.check(f"alive after {after}",
                       self.stack.is_answering() and self.stack.is_answering(STACK6),
                       self.stack.output)


def is_echo_reply(data=None):
    def test(packet):
        if ICMP in packet and packet[ICMP].type == 0:
            return data is None or bytes(packet[ICMP].payload)[:len(data)] == data
        return ICMPv6EchoReply in packet and (data is None or packet[ICMPv6EchoReply].data == data)
    return test


def is_any_error(packet):
    if ICMP in packet:
        return packet[ICMP].type in (3, 11, 12)
    return IPv6 in packet and packet[IPv6].nh == 58 and bytes(packet[IPv6].payload)[0] < 128


def is_error(kind, code, pointer=None):
    def test(packet):
        if ICMP in packet:
            return ((packet[ICMP].type, packet[ICMP].code) == (kind, code) and
                    (pointer is None or packet[ICMP].ptr == pointer))
        if IPv6 not in packet or packet[IPv6].nh != 58:
            return False
        body = bytes(packet[IPv6].payload)
        return ((body[0], body[1]) == (kind, code) and
                (pointer is None or struct.unpack("!I", body[4:8])[0] == pointer))
    return test


def fragments_of(odd, cuts, data):
    """An echo request cut as said: (from, to, more)."""
    whole = bytes(odd.echo(data))
    checksum = bench.checksum(whole[:2] + b"\0\0" + whole[4:])
    whole = whole[:2] + struct.pack("!H", checksum) + whole[4:]
    identifier = odd.identifier
    return [odd.frame(IP(src=HOST4, dst=STACK4, id=identifier, proto=1,
                         flags="MF" if more else 0, frag=begin // 8) / Raw(whole[begin:end]))
            for begin, end, more in cuts]


def fragments6_of(odd, cuts, data):
    whole = bytes(odd.ip6() / odd.echo6(data))[40:]  # with its checksum
    return [odd.frame(odd.ip6() / IPv6ExtHdrFragment(nh=58, offset=begin // 8, m=int(more),
                                                     id=odd.identifier) / Raw(whole[begin:end]))
            for begin, end, more in cuts]


def fragments(odd):
    data = bytes(range(200))
    size = 8 + len(data)
    tiny = [(at, min(at + 8, size), at + 8 < size) for at in range(0, size, 8)]
    for family, make in (("IPv4", fragments_of), ("IPv6", fragments6_of)):
        odd.try_frames(f"{family}: an echo in pieces of eight bytes", make(odd, tiny, data),
                       is_echo_reply(data))
        odd.try_frames(f"{family}: the same, last piece first",
                       make(odd, tiny, data)[::-1], is_echo_reply(data))
        shuffled = make(odd, tiny, data)
        shuffled = shuffled[1::2] + shuffled[::2]
        odd.try_frames(f"{family}: the same, odd pieces before even ones", shuffled,
                       is_echo_reply(data))
        overlapping = make(odd, [(0, 104, True), (96, size, False)], data)
        odd.try_frames(f"{family}: pieces that overlap are given up", overlapping, None,
                       {"fragment_overlap": 2})
        twice = make(odd, [(0, 104, True), (0, 104, True), (104, size, False)], data)
        odd.try_frames(f"{family}: a piece that comes twice does no harm", twice,
                       is_echo_reply(data))
    odd.try_frames("IPv4: a piece beyond 65535 bytes",
                   [odd.frame(odd.ip(proto=1, frag=8190) / Raw(b"x" * 100))], None,
                   {"fragment_malformed": 1})
    odd.try_frames("IPv4: a piece whose size is no multiple of eight",
                   [odd.frame(odd.ip(proto=1, flags="MF") / Raw(b"x" * 13))], None,
                   {"fragment_malformed": 1})
    odd.try_frames("IPv6: a piece whose size is no multiple of eight",
                   [odd.frame(odd.ip6() / IPv6ExtHdrFragment(nh=58, m=1, id=77) / Raw(b"x" * 13))],
                   is_error(4, 0, 4), {"fragment_malformed": 1})
    odd.try_frames("IPv6: a piece beyond 65535 bytes",
                   [odd.frame(odd.ip6() / IPv6ExtHdrFragment(nh=58, offset=8190, id=78) /
                              Raw(b"x" * 96))],
                   is_error(4, 0, 42), {"fragment_malformed": 1})
    inner = bytes(IPv6ExtHdrFragment(nh=58, m=1, id=5)) + b"x" * 64
    odd.try_frames("IPv6: a fragment of a fragment",
                   [odd.frame(odd.ip6() / IPv6ExtHdrFragment(nh=FRAGMENT_HEADER, m=1, id=79) /
                              Raw(inner))], is_error(4, 0, 48), {"fragment_malformed": 1})
    odd.try_frames("IPv6: hop-by-hop options inside a fragment",
                   [odd.frame(odd.ip6() / IPv6ExtHdrFragment(nh=0, m=1, id=80) /
                              Raw(b"\x3a\0\1\4\0\0\0\0" + b"x" * 64))],
                   is_error(4, 1, 40), {"ipv6_bad_extension": 1})
    odd.try_frames("IPv6: a fragment header on a whole packet",
                   fragments6_of(odd, [(0, size, False)], data), is_echo_reply(data))
    odd.alive("fragments")


def with_options(odd, options):
    """An echo request whose header has options that scapy itself would refuse."""
    whole = bytearray(bytes(odd.ip(ihl=5 + len(options) // 4, proto=1) / Raw(options) / odd.echo()))
    size = 20 + len(options)
    whole[10:12] = b"\0\0"
    whole[10:12] = struct.pack("!H", bench.checksum(bytes(whole[:size])))
    return Raw(bytes(whole))


def options(odd):
    odd.try_frames("record route comes back recorded",
                   [odd.frame(odd.ip(options=IPOption_RR(routers=["0.0.0.0"] * 3)) / odd.echo())],
                   lambda packet: is_echo_reply()(packet) and
                   bytes(packet[IP])[20:28] == b"\x07\x0f\x08" + bytes([10, 77, 0, 2, 0]))
    odd.try_frames("a timestamp comes back set",
                   [odd.frame(odd.ip(options=IPOption_Timestamp(length=8, pointer=5, flg=0)) /
                              odd.echo())],
                   lambda packet: is_echo_reply()(packet) and
                   bytes(packet[IP])[20:24] == b"\x44\x08\x09\0")
    for name, kind in (("loose", IPOption_LSRR), ("strict", IPOption_SSRR)):
        route = kind(pointer=4, routers=["10.77.0.1"])
        odd.try_frames(f"a {name} source route to elsewhere is refused",
                       [odd.frame(odd.ip(options=route) / odd.echo())], is_error(3, 5),
                       {"ipv4_source_route_refused": 1})
    odd.try_frames("an option longer than the header",
                   [odd.frame(with_options(odd, b"\x07\x20\x04\x00"))],
                   is_error(12, 0), {"ipv4_bad_option": 1})
    odd.try_frames("an option of length 0",
                   [odd.frame(with_options(odd, b"\x07\x00\x04\x00"))],
                   is_error(12, 0), {"ipv4_bad_option": 1})
    odd.try_frames("an option nobody knows is ignored",
                   [odd.frame(with_options(odd, b"\x9e\x04\x00\x00"))],
                   is_echo_reply())
    odd.alive("options")


def extension_headers(odd):
    odd.try_frames("hop-by-hop, destination options and padding are walked",
                   [odd.frame(odd.ip6() / IPv6ExtHdrHopByHop(options=[RouterAlert(), PadN()]) /
                              IPv6ExtHdrDestOpt(options=[Pad1(), PadN(optdata=b"\0\0")]) /
                              odd.echo6())], is_echo_reply())
    for action, answers in ((0, True), (1, False), (2, False), (3, False)):
        option = HBHOptUnknown(otype=action << 6 | 0x1e, optdata=b"1234")
        for name, header in (("hop-by-hop", IPv6ExtHdrHopByHop),
                             ("destination", IPv6ExtHdrDestOpt)):
            frame = odd.frame(odd.ip6() / header(options=[option]) / odd.echo6())
            wanted = is_echo_reply() if answers else is_error(4, 2, 42) if action >= 2 else None
            odd.try_frames(f"an unknown {name} option with action {action:02b}", [frame], wanted,
                           {} if answers else {"ipv6_unknown_option": 1})
    odd.try_frames("routing header 0 with segments left",
                   [odd.frame(odd.ip6() / IPv6ExtHdrRouting(type=0, segleft=1,
                                                            addresses=["fd77::9"]) /
                              odd.echo6())], is_error(4, 0, 42), {"ipv6_routing_refused": 1})
    odd.try_frames("routing header 0 with none left is passed over",
                   [odd.frame(odd.ip6() / IPv6ExtHdrRouting(type=0, segleft=0,
                                                            addresses=["fd77::9"]) /
                              odd.echo6())], is_echo_reply())
    odd.try_frames("hop-by-hop options in second place",
                   [odd.frame(odd.ip6() / IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 4)]) /
                              IPv6ExtHdrHopByHop(options=[PadN(optdata=b"\0" * 4)]) /
                              odd.echo6())], is_error(4, 1), {"ipv6_bad_extension": 1})
    odd.try_frames("a next header nobody knows",
                   [odd.frame(odd.ip6(nh=253) / Raw(b"12345678"))], is_error(4, 1, 6),
                   {"ipv6_unknown_next_header": 1})
    odd.try_frames("no next header: nothing is said, nothing is wrong",
                   [odd.frame(odd.ip6(nh=59) / Raw(b"12345678"))])
    chain = odd.ip6()
    for _ in range(100):
        chain = chain / IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 4)])
    odd.try_frames("a chain of a hundred headers",
                   [odd.frame(chain / odd.echo6())], None, {"ipv6_extension_chain_too_long": 1})
    cut = bytes(odd.ip6(nh=60, plen=8) / Raw(b"\x3a\x10\x01\x04\0\0\0\0"))
    odd.try_frames("an extension header longer than its packet", [odd.frame(Raw(cut))],
                   is_error(4, 0, 41),
                   {"ipv6_bad_extension": 1})
    odd.alive("extension headers")


def broken(packet, at):
    """The packet with one byte of a checksum wrong."""
    whole = bytearray(bytes(packet))
    whole[at] ^= 0x5a
    return bytes(whole)


def checksums(odd):
    ether, v4, v6 = 14, 20, 40
    odd.try_frames("a wrong IPv4 header checksum",
                   [broken(odd.frame(odd.ip() / odd.echo()), ether + 10)], None,
                   {"ipv4_bad_checksum": 1})
    odd.try_frames("a wrong ICMP checksum",
                   [broken(odd.frame(odd.ip() / odd.echo()), ether + v4 + 2)], None,
                   {"icmp_bad_checksum": 1})
    odd.try_frames("a wrong ICMPv6 checksum",
                   [broken(odd.frame(odd.ip6() / odd.echo6()), ether + v6 + 2)], None,
                   {"icmp_bad_checksum": 1})
    for family, ip, size in (("IPv4", odd.ip, v4), ("IPv6", odd.ip6, v6)):
        datagram = odd.frame(ip() / UDP(sport=5555, dport=7) / Raw(b"odd"))
        odd.try_frames(f"{family}: a wrong UDP checksum", [broken(datagram, ether + size + 6)],
                       None, {"udp_bad_checksum": 1})
        odd.try_frames(f"{family}: a UDP length beyond the packet",
                       [odd.frame(ip() / UDP(sport=5555, dport=7, len=99) / Raw(b"odd"))], None,
                       {"udp_bad_length": 1})
        odd.try_frames(f"{family}: a UDP length below its header",
                       [odd.frame(ip() / UDP(sport=5555, dport=7, len=7) / Raw(b"odd"))], None,
                       {"udp_bad_length": 1})
        odd.try_frames(f"{family}: a UDP header cut short",
                       [odd.frame(ip(**({"proto": 17} if family == "IPv4" else {"nh": 17})) /
                                  Raw(b"\0\7\0\7"))], None, {"udp_too_short": 1})
    odd.try_frames("IPv4: a UDP datagram without checksum is taken",
                   [odd.frame(odd.ip() / UDP(sport=5555, dport=7, chksum=0) / Raw(b"odd"))],
                   lambda packet: UDP in packet and packet[UDP].sport == 7)
    odd.try_frames("IPv6: a UDP datagram without checksum is not",
                   [odd.frame(odd.ip6() / UDP(sport=5555, dport=7, chksum=0) / Raw(b"odd"))], None,
                   {"udp_no_checksum": 1})
    odd.alive("bad checksums")


def headers(odd):
    def raw(ethertype, text):
        return bytes(Ether(src=odd.ours, dst=odd.theirs, type=ethertype) / Raw(text))
    odd.try_frames("an IPv4 header cut short", [raw(0x0800, b"\x45\0\0\x14")], None,
                   {"ipv4_too_short": 1})
    odd.try_frames("IPv4 of version 5", [raw(0x0800, b"\x55" + bytes(odd.ip() / odd.echo())[1:])],
                   None, {"ipv4_bad_version": 1})
    odd.try_frames("an IPv4 total length beyond the frame",
                   [odd.frame(odd.ip(len=900) / odd.echo())], None, {"ipv4_bad_length": 1})
    odd.try_frames("an IPv6 header cut short", [raw(0x86DD, b"\x60\0\0\0\0\0")], None,
                   {"ipv6_too_short": 1})
    odd.try_frames("IPv6 of version 7", [raw(0x86DD, b"\x70" + bytes(odd.ip6() / odd.echo6())[1:])],
                   None, {"ipv6_bad_version": 1})
    odd.try_frames("an IPv6 payload length beyond the frame",
                   [odd.frame(odd.ip6(plen=900) / odd.echo6())], None, {"ipv6_bad_length": 1})
    odd.try_frames("an ethertype nobody handles", [raw(0x88B5, b"hello")], None,
                   {"frame_unknown_ethertype": 1})
    odd.try_frames("a frame for somebody else",
                   [bytes(odd.frame(odd.ip() / odd.echo(), "02:00:00:12:34:56"))], None,
                   {"frame_not_for_us": 1})
    odd.try_frames("a VLAN nobody configured",
                   [odd.frame(Dot1Q(vlan=5) / odd.ip() / odd.echo())], None,
                   {"vlan_not_configured": 1})
    odd.try_frames("a protocol nobody speaks", [odd.frame(odd.ip(proto=253) / Raw(b"hello"))],
                   is_error(3, 2), {"unknown_protocol": 1})
    odd.try_frames("padding behind the packet is not payload",
                   [bytes(odd.frame(odd.ip() / odd.echo(b"short"))) + b"\xff" * 20],
                   lambda packet: is_echo_reply(b"short")(packet) and packet[IP].len == 33)
    odd.alive("broken headers")


def spoofing(odd):
    odd.try_frames("a packet from our own address (land)",
                   [odd.frame(IP(src=STACK4, dst=STACK4) / UDP(sport=7, dport=7) / Raw(b"x"))],
                   None, {"martian_on_link": 1})
    odd.try_frames("the same by IPv6",
                   [odd.frame(IPv6(src=STACK6, dst=STACK6) / UDP(sport=7, dport=7) / Raw(b"x"))],
                   None, {"martian_on_link": 1})
    for source in ("127.0.0.1", "224.0.0.1", "255.255.255.255", "10.77.0.255", "240.0.0.1"):
        odd.try_frames(f"a packet from {source}",
                       [odd.frame(IP(src=source, dst=STACK4) / odd.echo())], None,
                       {"ipv4_bad_source": 1})
    for source, reason in (("::1", "ipv6_bad_source"), ("ff02::1", "ipv6_bad_source"),
                           ("::ffff:10.77.0.1", "ipv6_mapped_address")):
        odd.try_frames(f"a packet from {source}",
                       [odd.frame(IPv6(src=source, dst=STACK6) / odd.echo6())], None, {reason: 1})
    odd.try_frames("a packet to a v4-mapped address",
                   [odd.frame(IPv6(src=HOST6, dst="::ffff:10.77.0.2") / odd.echo6())], None,
                   {"ipv6_mapped_address": 1})
    odd.try_frames("a packet to 127.0.0.1",
                   [odd.frame(IP(src=HOST4, dst="127.0.0.1") / odd.echo())], None,
                   {"ipv4_bad_destination": 1})
    odd.try_frames("a unicast packet in a broadcast frame",
                   [odd.frame(odd.ip() / odd.echo(), "ff:ff:ff:ff:ff:ff")], None,
                   {"ipv4_bad_destination": 1})
    odd.try_frames("a packet for somebody else in a frame for us",
                   [odd.frame(IP(src=HOST4, dst="10.77.0.77") / odd.echo())], None,
                   {"not_local_and_not_forwarding": 1})
    odd.alive("spoofed packets")


def poisoning(odd):
    """Who shouts answers that nobody asked for does not become the gateway."""
    evil = "02:66:66:66:66:66"
    before = odd.stack.drops()
    for _ in range(50):
        odd.wire.send(Ether(src=evil, dst=odd.theirs) /
                      ARP(op=2, hwsrc=evil, psrc="10.77.0.66", hwdst=odd.theirs, pdst=STACK4))
        odd.wire.send(Ether(src=evil, dst=odd.theirs) /
                      ARP(op=2, hwsrc=evil, psrc=STACK4, hwdst=odd.theirs, pdst=STACK4))
    odd.wire.send(*[Ether(src=evil, dst=odd.theirs) / IPv6(src="fd77::66", dst=STACK6, hlim=64) /
                    ICMPv6ND_NA(tgt=HOST6, R=0, S=0, O=1) / ICMPv6NDOptDstLLAddr(lladdr=evil)] * 5)
    odd.stack.settle()
    since = odd.stack.drops().since(before)
    odd.lab.check("advertisements that crossed a router are refused",
                  since.get("nd_hop_limit_not255") == 5, since)
    known = {one["address"]: one for one in odd.stack.status()["neighbors"]}
    question = Ether(src=odd.ours, dst="ff:ff:ff:ff:ff:ff") / ARP(op=1, hwsrc=odd.ours,
                                                                  psrc=HOST4, pdst=STACK4)
    odd.wire.clear()
    odd.wire.send(question)
    answer = odd.wire.find(lambda frame: ARP in Ether(frame) and Ether(frame)[ARP].op == 2 and
                           Ether(frame)[ARP].hwsrc == odd.theirs)
    odd.lab.check("the stack still answers for its address", answer, "no ARP reply")
    odd.lab.check("unasked ARP answers make no neighbour", "10.77.0.66" not in known, known)
    odd.lab.check("the gateway is still the gateway",
                  known.get(HOST4, {}).get("mac") == odd.ours, known.get(HOST4))
    odd.try_frames("ARP cut short", [bytes(Ether(src=odd.ours, dst=odd.theirs, type=0x806) /
                                           Raw(b"\0\1\x08\0\6\4\0\1"))], None,
                   {"arp_malformed": 1})
    odd.try_frames("ARP for another kind of hardware",
                   [Ether(src=odd.ours, dst=odd.theirs) /
                    ARP(hwtype=7, op=1, hwsrc=odd.ours, psrc=HOST4, pdst=STACK4)], None,
                   {"arp_malformed": 1})
    odd.alive("poison")


def odd_errors(odd):
    quote = IPerror(src=STACK4, dst=HOST4) / UDP(sport=7, dport=40000)
    stranger = IPerror(src="10.9.9.9", dst=HOST4) / UDP(sport=7, dport=40000)
    cases = (
        ("an unreachable without a quote", ICMP(type=3, code=3), "icmp_quote_unknown"),
        ("an unreachable with half a quote", ICMP(type=3, code=3) / Raw(bytes(quote)[:12]),
         "icmp_quote_unknown"),
        ("an unreachable about a packet that was not ours", ICMP(type=3, code=3) / stranger,
         "icmp_quote_unknown"),
        ("an unreachable about an unreachable",
         ICMP(type=3, code=3) / IPerror(src=STACK4, dst=HOST4) / ICMPerror(type=3, code=1),
         "icmp_quote_unknown"),
        ("a redirect by a host that is no router",
         ICMP(type=5, code=1, gw="10.77.0.66") / quote, "redirect_refused"),
        ("an ICMP type nobody knows", ICMP(type=41), "icmp_unknown_type"),
        ("an ICMP message of three bytes", Raw(b"\x08\0\0"), "icmp_too_short"),
    )
    for name, message, reason in cases:
        odd.try_frames(name, [odd.frame(odd.ip(proto=1) / message)], None, {reason: 1})
    quote6 = IPv6(src="fd00::9", dst=HOST6) / UDP(sport=7, dport=40000)
    cases6 = (
        ("ICMPv6: an unreachable about a packet that was not ours", ICMPv6DestUnreach(code=4) /
         quote6, "icmp_quote_unknown"),
        ("ICMPv6: a too big of a strange size", ICMPv6PacketTooBig(mtu=3) / quote6,
         "icmp_quote_unknown"),
        ("ICMPv6: a parameter problem beyond the quote", ICMPv6ParamProblem(ptr=9999) / quote6,
         "icmp_quote_unknown"),
    )
    for name, message, reason in cases6:
        odd.try_frames(name, [odd.frame(odd.ip6() / message)], None, {reason: 1})
    odd.try_frames("an error about a broadcast is never sent",
                   [odd.frame(IP(src=HOST4, dst="10.77.0.255") / UDP(sport=5, dport=4444),
                              "ff:ff:ff:ff:ff:ff")], None, {"udp_no_socket": 1})
    odd.try_frames("a SYN to a port where nobody listens is reset",
                   [odd.frame(odd.ip() / TCP(sport=5, dport=81, flags="S", seq=7))],
                   lambda packet: TCP in packet and packet[TCP].flags == "RA" and
                   packet[TCP].ack == 8, {"tcp_no_socket": 1})
    odd.alive("odd errors")


# Without offloads every checksum is a finished one, and is looked at.
DEVICE = ("--device", f"tap:{bench.TAP},host={HOST4}/24,host6={HOST6}/64,offload=no",
          "--address", f"{STACK4}/24", "--address", f"{STACK6}/64")

with bench.Bench(needs=["ping"]) as test:
    namespace = test.namespace()
    running = test.up(namespace, *DEVICE, "--serve", "echo").wait()
    bay = Oddities(test, namespace, running)
    for group in (fragments, options, extension_headers, checksums, headers, spoofing, poisoning,
                  odd_errors):
        group(bay)

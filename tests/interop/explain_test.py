#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`strata explain` beside what happens: it says what would become of a frame, then the frame is
sent, and the running stack drops it for the same reason or does not."""
import json
import time

import bench
from bench import HOST4, HOST6, STACK4, STACK6, TAP

REASONS = 12  # that the frames below are to provoke


def frames(mine, theirs):
    from scapy.all import (ARP, ICMP, IP, TCP, UDP, Dot1Q, Ether, ICMPv6EchoRequest, IPv6,
                           IPv6ExtHdrRouting)
    link = Ether(src=mine, dst=theirs)
    v4 = IP(src=HOST4, dst=STACK4)
    v6 = IPv6(src=HOST6, dst=STACK6)
    udp = UDP(sport=1234, dport=9)
    yield "echo", link / v4 / ICMP(id=1, seq=1) / b"abc"
    yield "echo over IPv6", link / v6 / ICMPv6EchoRequest(id=1, seq=1)
    yield "a datagram for a service", link / v4 / UDP(sport=1234, dport=7) / b"hello"
    yield "a datagram for nobody", link / v4 / udp / b"x"
    yield "over IPv6 for nobody", link / v6 / udp / b"x"
    yield "a wrong UDP checksum", link / v4 / UDP(sport=1, dport=7, chksum=0x1234) / b"x"
    yield "a UDP length that lies", link / v4 / UDP(sport=1, dport=7, len=200) / b"x"
    yield "no checksum over IPv6", link / v6 / UDP(sport=1, dport=7, chksum=0) / b"x"
    yield "a SYN for a service", link / v4 / TCP(sport=5000, dport=7, flags="S")
    yield "a SYN for nobody", link / v4 / TCP(sport=5001, dport=81, flags="S")
    yield "a wrong TCP checksum", link / v4 / TCP(sport=5002, dport=7, chksum=1)
    yield "an ACK out of nowhere", link / v4 / TCP(sport=5003, dport=7, flags="A", ack=5)
    yield "a wrong IP checksum", link / IP(src=HOST4, dst=STACK4, chksum=1) / udp / b"x"
    yield "a protocol nobody speaks", link / IP(src=HOST4, dst=STACK4, proto=253) / b"xxxx"
    yield "for another host", link / IP(src=HOST4, dst="10.77.0.77") / udp / b"x"
    yield "from a group", link / IP(src="224.0.0.5", dst=STACK4) / udp / b"x"
    yield "for another station", Ether(src=mine, dst="02:00:00:00:77:77") / v4 / udp / b"x"
    yield "a VLAN that is not here", link / Dot1Q(vlan=77) / v4 / udp / b"x"
    yield "an ethertype nobody speaks", Ether(src=mine, dst=theirs, type=0x88b5) / (b"x" * 4)
    yield "a fragment", link / IP(src=HOST4, dst=STACK4, flags="MF", id=77) / udp / (b"x" * 16)
    yield "a source route", link / v6 / IPv6ExtHdrRouting(type=0, segleft=1,
                                                          addresses=[HOST6]) / udp / b"x"
    yield "a group nobody joined", Ether(src=mine, dst="01:00:5e:01:02:03") / \
        IP(src=HOST4, dst="239.1.2.3", ttl=1) / udp / b"x"
    yield "ARP", link / ARP(op=1, hwsrc=mine, psrc=HOST4, pdst=STACK4)
    yield "half an ARP", Ether(src=mine, dst=theirs, type=0x0806) / b"\x00\x01\x08\x00"


def ask(lab, host, stack, frame, *flags):
    done = host.run(lab.program, "explain", TAP, bytes(frame).hex(), "--control", stack.control,
                    *flags)
    return done


def apart_from_talk(drops, wanted=None):
    """Hosts tell routers and groups of themselves when they like."""
    talk = {"multicast_not_joined"} - {wanted}
    return {reason: count for reason, count in drops.items() if reason not in talk}


def main():
    with bench.Bench(needs=["ping", "tshark"], seconds=100) as lab:
        host = lab.namespace()
        stack = lab.up(host, "--serve", "echo").wait()
        status = stack.status()
        theirs = next(one["mac"] for one in status["interfaces"] if one["name"] == TAP)
        wire = host.wire()
        met = set()
        for name, frame in frames(host.mac(), theirs):
            before = stack.drops()
            done = ask(lab, host, stack, frame, "--json")
            told = json.loads(done.stdout) if done.returncode == 0 else {}
            asked = apart_from_talk(stack.drops().since(before))
            lab.check(f"{name}: asking changes nothing", told and not asked, (done.stdout, asked))
            wire.send(frame)
            reason = told.get("dropped")
            since = {}

            def happened():
                since.update(apart_from_talk(stack.drops().since(before), reason))
                return reason in since
            if reason:
                bench.wait_until(happened, 3, pause=0.05)
            else:
                time.sleep(0.1)
                happened()
            met |= {reason}
            lab.check(f"{name}: the stack does what was said: {told.get('end')}",
                      (set(since) == {reason}) if reason else not since, (since, told))
        lab.check("most reasons were met", len(met) > REASONS, sorted(map(str, met)))
        words = ask(lab, host, stack, next(frames(host.mac(), theirs))[1])
        lab.check("in words, a line for each decision", words.returncode == 0 and
                  "=> accepted" in words.stdout and "  destination  " in words.stdout, words.stdout)
        for bad in (("eth7", "00"), (TAP, "0"), (TAP, "xyz"), (TAP, "00" * 5000)):
            done = host.run(lab.program, "explain", *bad, "--control", stack.control)
            lab.check(f"a clear answer to {bad[0]} {bad[1][:8]}", done.returncode == 1 and
                      "explain" in done.stdout, done.stdout)
        lab.check("strata up ends well", stack.stop() == 0, stack.output)


if __name__ == "__main__":
    main()

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""IGMP and MLD: what the stack tells routers of its own accord, and when a router asks, in every
version, as an AF_PACKET socket of the kernel sees it and scapy reads it."""
import logging
import socket

import bench
from bench import HOST4, STACK4, TAP

logging.getLogger("scapy").setLevel(logging.ERROR)
try:
    from scapy.contrib.igmp import IGMP
    from scapy.contrib.igmpv3 import IGMPv3, IGMPv3mq
    from scapy.layers.inet import IP, IPOption_Router_Alert
    from scapy.layers.inet6 import (ICMPv6MLQuery, ICMPv6MLQuery2, ICMPv6MLReport, ICMPv6MLReport2,
                                    IPv6, IPv6ExtHdrHopByHop, RouterAlert)
    from scapy.layers.l2 import Ether
except ImportError:
    bench.skip("scapy is not installed for /usr/bin/python3 (./dev setup)")


def igmp_of(frame):
    """What a report says, if the frame is one."""
    packet = Ether(frame)
    if IP not in packet or packet[IP].proto != 2:
        return None
    body = bytes(packet[IP].payload)
    return {"type": body[0], "to": packet[IP].dst, "ttl": packet[IP].ttl, "body": body,
            "alert": any(isinstance(one, IPOption_Router_Alert) for one in packet[IP].options),
            "mac": packet.dst, "valid": bench.checksum(body) == 0}


def mld_of(frame):
    packet = Ether(frame)
    for kind, number in ((ICMPv6MLReport, 131), (ICMPv6MLReport2, 143)):
        if kind in packet:
            return {"type": number, "to": packet[IPv6].dst, "hops": packet[IPv6].hlim,
                    "from": packet[IPv6].src, "alert": IPv6ExtHdrHopByHop in packet and any(
                        isinstance(one, RouterAlert) for one in
                        packet[IPv6ExtHdrHopByHop].options),
                    "report": packet[kind]}
    return None


def groups_of(seen, kinds=range(1, 7)):
    """The groups an MLD report lists in records of these kinds (RFC 3810 5.2; scapy reads only the
    first record)."""
    if seen["type"] != 143:
        return {seen["report"].mladdr}
    body, groups, at = bytes(seen["report"]), set(), 8
    for _ in range(int.from_bytes(body[6:8], "big")):
        sources = int.from_bytes(body[at + 2:at + 4], "big")
        if body[at] in kinds:
            groups.add(socket.inet_ntop(socket.AF_INET6, body[at + 4:at + 20]))
        at += 20 + 16 * sources + 4 * body[at + 1]
    return groups


# In an answer; the other kinds tell changes, unasked.
ANSWERS = (1, 2)


def own_accord(lab, wire, group):
    """A stack that comes up joins its solicited-node groups, and says so."""
    def is_join(frame):
        seen = mld_of(frame)
        return seen if seen and group in groups_of(seen) else None
    seen = wire.find(is_join, 8)
    if lab.check("MLDv2: the solicited-node group is reported", seen, "no report in 8 s"):
        lab.check("MLDv2: to ff02::16, hop limit 1, with router alert",
                  (seen["to"], seen["hops"], seen["alert"]) == ("ff02::16", 1, True), seen)
        lab.check("MLDv2: from the link-local or unspecified address",
                  seen["from"] == "::" or seen["from"].startswith("fe80:"), seen["from"])


def answer_of(frame):
    """What the frame says in answer to a query. Changes of membership are told unasked, and again
    by the robustness variable (RFC 3376 5.1): they are no answer."""
    one = igmp_of(frame)
    is_change = one and one["type"] == 0x22 and all(kind > 2 for kind, _ in records_of(one))
    return None if is_change else one


def ask_igmp(lab, wire, name, message, wanted, seconds):
    mac = "01:00:5e:00:00:01"
    packet = (Ether(src="02:aa:aa:aa:aa:aa", dst=mac) /
              IP(src=HOST4, dst="224.0.0.1", ttl=1, options=[IPOption_Router_Alert()]) / message)
    wire.clear()
    wire.send(packet)
    seen = wire.find(answer_of, seconds)
    lab.check(name, wanted(seen), seen)


def ask_mld(lab, wire, name, message, wanted, seconds):
    packet = (Ether(src="02:aa:aa:aa:aa:aa", dst="33:33:00:00:00:01") /
              IPv6(src="fe80::aa", dst="ff02::1", hlim=1) /
              IPv6ExtHdrHopByHop(options=[RouterAlert()]) / message)
    wire.clear()
    wire.send(packet)
    others = []

    def is_answer(frame):
        one = mld_of(frame)
        if one and wanted(one):
            return True
        others.append((one["type"], groups_of(one)) if one else Ether(frame).summary())
        return False
    lab.check(name, wire.find(is_answer, seconds), f"only {others}")


GROUP4, GROUP6 = "239.1.2.3", "ff15::7"


def records_of(seen):
    """The (type, group) pairs an IGMPv3 report lists (RFC 3376 4.2)."""
    body, records, at = seen["body"], [], 8
    for _ in range(int.from_bytes(body[6:8], "big")):
        sources = int.from_bytes(body[at + 2:at + 4], "big")
        records.append((body[at], socket.inet_ntoa(body[at + 4:at + 8])))
        at += 8 + 4 * sources + 4 * body[at + 1]
    return records


def is_igmp(kind, to, group):
    def test(seen):
        if seen is None or not seen["valid"] or not seen["alert"] or seen["ttl"] != 1:
            return False
        told = records_of(seen) if kind == 0x22 else [(0, socket.inet_ntoa(seen["body"][4:8]))]
        return (seen["type"], seen["to"]) == (kind, to) and group in told
    return test


def is_v1_report(seen):
    """RFC 1112 appendix I: the report goes to the group itself."""
    return seen is not None and seen["valid"] and seen["ttl"] == 1 and (
        seen["type"], seen["to"], seen["body"][4:8]) == (0x12, GROUP4, socket.inet_aton(GROUP4))


def members(lab, wire, host):
    """A stack with --join tells of its groups, and answers queriers of every age in their own
    words. The oldest comes last: once it was heard, a host keeps to it (RFC 3376 7.2.1)."""
    stack = lab.up(host, "--join", GROUP4, "--join", f"{GROUP6}%{TAP}")
    joined = wire.find(lambda frame: is_igmp(0x22, "224.0.0.22", (4, GROUP4))(igmp_of(frame)), 8)
    lab.check("IGMPv3: joining is reported as a change to exclude nothing", joined)
    stack.wait()
    ask_mld(lab, wire, "MLDv2: the group joined is in the answer to a general query",
            ICMPv6MLQuery2(mrd=500),
            lambda one: one["type"] == 143 and GROUP6 in groups_of(one, ANSWERS), 2)
    ask_mld(lab, wire, "MLDv1: and reported by name to a v1 querier", ICMPv6MLQuery(mrd=500),
            lambda one: one["type"] == 131 and one["to"] == GROUP6 and
            one["report"].mladdr == GROUP6, 2)
    for name, query, wanted, seconds in (
            ("IGMPv3: a general query is answered by a v3 report",
             IGMPv3(type=0x11, mrcode=5) / IGMPv3mq(gaddr="0.0.0.0"),
             is_igmp(0x22, "224.0.0.22", (2, GROUP4)), 2),
            ("IGMPv3: so is a query for the group",
             IGMPv3(type=0x11, mrcode=5) / IGMPv3mq(gaddr=GROUP4),
             is_igmp(0x22, "224.0.0.22", (2, GROUP4)), 2),
            ("IGMPv2: a v2 query is answered by a v2 report to the group",
             IGMP(type=0x11, mrcode=5, gaddr="0.0.0.0"), is_igmp(0x16, GROUP4, (0, GROUP4)), 2),
            # RFC 3376 7.2.1: who answers a v1 querier has ten seconds.
            ("IGMPv1: a v1 query is answered by a v1 report",
             IGMP(type=0x11, mrcode=0, gaddr="0.0.0.0"), is_v1_report, 11)):
        ask_igmp(lab, wire, name, query, wanted, seconds)
    lab.check("strata up with groups ends well", stack.stop() == 0, stack.output)
    lost = lab.up(host, "--join", f"{GROUP4}%nowhere")
    lab.check("a group on an interface that is not there is refused",
              lost.process.poll() == 1 and "no interface nowhere" in lost.output, lost.output)


with bench.Bench(needs=["ping"]) as test:
    namespace = test.namespace()
    namespace.must("ip", "tuntap", "add", "dev", TAP, "mode", "tap")
    # The kernel must not ask or answer here.
    namespace.must("ip", "link", "set", TAP, "up")
    wire = namespace.wire()
    running = test.up(namespace)
    own_accord(test, wire, "ff02::1:ff00:2")
    running.wait()
    solicited = "ff02::1:ff00:2"
    ask_mld(test, wire, "MLDv2: a general query is answered by a v2 report",
            ICMPv6MLQuery2(mrd=500), lambda one: one["type"] == 143 and
            solicited in groups_of(one, ANSWERS), 2)
    # RFC 3376 6 and RFC 2236 6: nobody reports 224.0.0.1, and the stack is in no other group.
    ask_igmp(test, wire, "IGMPv3: a member of nothing but all hosts is silent",
             IGMPv3(type=0x11, mrcode=5) / IGMPv3mq(gaddr="0.0.0.0"), lambda one: one is None, 1)
    ask_mld(test, wire, "MLDv1: after a v1 query reports are v1", ICMPv6MLQuery(mrd=500),
            lambda one: one["type"] == 131 and one["report"].mladdr == solicited and
            one["to"] == solicited, 2)
    before = running.drops()
    bad = (Ether(src="02:aa:aa:aa:aa:aa", dst="33:33:00:00:00:01") /
           IPv6(src="fd77::1", dst="ff02::1", hlim=1) /
           IPv6ExtHdrHopByHop(options=[RouterAlert()]) / ICMPv6MLQuery2(mrd=500))
    wire.send(bad)
    far = (Ether(src="02:aa:aa:aa:aa:aa", dst="33:33:00:00:00:01") /
           IPv6(src="fe80::aa", dst="ff02::1", hlim=64) /
           IPv6ExtHdrHopByHop(options=[RouterAlert()]) / ICMPv6MLQuery2(mrd=500))
    wire.send(far)
    running.settle()
    since = running.drops().since(before)
    test.check("MLD: queries from afar are refused", since.get("mld_malformed") == 2, since)
    test.check("the stack still answers", running.is_answering(STACK4))
    running.stop()
    members(test, wire, namespace)

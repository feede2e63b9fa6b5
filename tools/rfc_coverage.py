#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes docs/rfc-coverage.md: which requirement of which RFC is proven by which test.

The page is made from comments in the tests, each directly above the test (or the row of a table
of cases) that proves it:

    // RFC 4861 7.2.4 MUST: one-line paraphrase of the rule.

Usage: rfc_coverage.py            write the page
       rfc_coverage.py --check    fail when the page is not what would be written, or a tag that
                                  looks like one is not in this form
"""
import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = "docs/rfc-coverage.md"
# Titles for the table; an RFC that is not listed stands there by its number alone.
TITLES = {
    768: "User Datagram Protocol",
    791: "Internet Protocol",
    792: "Internet Control Message Protocol",
    815: "IP datagram reassembly algorithms",
    826: "Address Resolution Protocol",
    862: "Echo Protocol",
    863: "Discard Protocol",
    864: "Character Generator Protocol",
    867: "Daytime Protocol",
    894: "IP over Ethernet",
    919: "Broadcasting internet datagrams",
    922: "Broadcasting in the presence of subnets",
    950: "Internet standard subnetting procedure",
    1035: "Domain names: implementation and specification",
    1042: "IP over IEEE 802 networks",
    1071: "Computing the internet checksum",
    1108: "Security options",
    1112: "Host extensions for IP multicasting",
    1122: "Requirements for internet hosts",
    1191: "Path MTU discovery",
    1337: "TIME-WAIT assassination hazards in TCP",
    1624: "Incremental update of the internet checksum",
    1812: "Requirements for IP version 4 routers",
    2018: "TCP selective acknowledgment options",
    2113: "IP Router Alert option",
    2131: "Dynamic Host Configuration Protocol",
    2236: "IGMP version 2",
    2308: "Negative caching of DNS queries",
    2460: "IPv6 (obsolete)",
    2464: "IPv6 over Ethernet",
    2474: "Differentiated services field",
    2525: "Known TCP implementation problems",
    2644: "Directed broadcasts in routers",
    2675: "IPv6 jumbograms",
    2710: "Multicast Listener Discovery",
    2711: "IPv6 Router Alert option",
    2883: "Duplicate SACK for TCP",
    3021: "31-bit prefixes on point-to-point links",
    3042: "Limited transmit for TCP",
    3168: "Explicit congestion notification",
    3376: "IGMP version 3",
    3396: "Long options in DHCPv4",
    3465: "Appropriate byte counting for TCP",
    3493: "Basic socket interface for IPv6",
    3522: "The Eifel detection algorithm",
    3542: "Advanced sockets interface for IPv6",
    3590: "Source address selection for MLD",
    3810: "MLD version 2",
    3828: "UDP-Lite",
    3927: "IPv4 link-local addresses",
    3971: "Secure neighbor discovery",
    4007: "IPv6 scoped address architecture",
    4015: "The Eifel response algorithm",
    4191: "Default router preferences",
    4193: "Unique local IPv6 addresses",
    4291: "IPv6 addressing architecture",
    4294: "IPv6 node requirements (obsolete)",
    4302: "IP Authentication Header",
    4343: "DNS case insensitivity",
    4361: "Node-specific client identifiers for DHCPv4",
    4389: "Neighbor discovery proxies",
    4429: "Optimistic duplicate address detection",
    4443: "ICMPv6",
    4541: "IGMP and MLD snooping",
    4604: "Source-specific multicast with IGMPv3 and MLDv2",
    4605: "IGMP/MLD proxying",
    4607: "Source-specific multicast",
    4787: "NAT behaviour for unicast UDP",
    4821: "Packetization layer path MTU discovery",
    4861: "Neighbor discovery for IPv6",
    4862: "IPv6 stateless address autoconfiguration",
    4884: "Extended ICMP",
    4890: "Filtering ICMPv6",
    4950: "ICMP extensions for MPLS",
    4987: "TCP SYN flooding attacks",
    5082: "Generalized TTL security",
    5095: "Deprecation of routing header type 0",
    5227: "IPv4 address conflict detection",
    5405: "UDP usage guidelines (obsolete)",
    5452: "DNS resilience against forged answers",
    5482: "TCP user timeout option",
    5494: "IANA allocation for ARP",
    5681: "TCP congestion control",
    5682: "Forward RTO-Recovery (F-RTO)",
    5722: "Overlapping IPv6 fragments",
    5837: "ICMP interface information",
    5927: "ICMP attacks against TCP",
    5942: "IPv6 subnet model",
    5952: "IPv6 address text representation",
    5961: "Blind in-window attacks on TCP",
    6056: "Port randomization",
    6069: "Long connectivity disruptions of TCP",
    6093: "TCP urgent mechanism",
    6145: "IP/ICMP translation",
    6191: "Reducing TIME-WAIT by TCP timestamps",
    6274: "Security assessment of IPv4",
    6298: "TCP's retransmission timer",
    6437: "IPv6 flow label",
    6528: "Defending against sequence number attacks",
    6554: "IPv6 routing header for RPL",
    6564: "Uniform format for IPv6 extension headers",
    6582: "NewReno fast recovery",
    6633: "Deprecation of ICMP source quench",
    6675: "Loss recovery based on SACK",
    6724: "Default address selection for IPv6",
    6761: "Special-use domain names",
    6864: "IPv4 identification field",
    6890: "Special-purpose address registries",
    6891: "Extension mechanisms for DNS",
    6918: "Formally deprecated ICMPv4 messages",
    6928: "TCP's initial window",
    6935: "UDP checksums for tunneled packets",
    6936: "Zero UDP checksums in IPv6",
    6937: "Proportional rate reduction for TCP",
    6946: "IPv6 atomic fragments",
    6980: "Fragmentation with neighbor discovery",
    7048: "Neighbor unreachability detection is too impatient",
    7112: "Oversized IPv6 header chains",
    7126: "Filtering of IPv4 options",
    7217: "Stable and opaque interface identifiers",
    7323: "TCP extensions for high performance",
    7413: "TCP fast open",
    7527: "Enhanced duplicate address detection",
    7559: "Packet loss resiliency for router solicitations",
    7608: "IPv6 prefix length in forwarding",
    7661: "TCP and rate-limited traffic",
    7686: "The .onion special-use domain name",
    7739: "Predictable fragment identification values",
    7765: "RTO restart for TCP and SCTP",
    7766: "DNS over TCP",
    8021: "IPv6 atomic fragments considered harmful",
    8028: "First-hop router selection",
    8085: "UDP usage guidelines",
    8106: "DNS configuration in router advertisements",
    8200: "IPv6",
    8201: "Path MTU discovery for IPv6",
    8257: "Data Center TCP",
    8305: "Happy Eyeballs version 2",
    8335: "PROBE",
    8504: "IPv6 node requirements",
    8781: "PREF64 in router advertisements",
    8883: "ICMPv6 errors for processing limits",
    8899: "Datagram packetization layer path MTU discovery",
    8900: "IP fragmentation considered fragile",
    8981: "Temporary address extensions",
    8985: "RACK-TLP loss detection",
    9110: "HTTP semantics",
    9112: "HTTP/1.1",
    9131: "Gratuitous neighbor discovery",
    9293: "Transmission Control Protocol",
    9406: "HyStart++",
    9438: "CUBIC",
    9776: "IGMP version 3",
    9777: "MLD version 2",
}

TAG = re.compile(r"^\s*// RFC (\d+) ([\w.]+) (MUST NOT|MUST|SHOULD NOT|SHOULD|MAY): (\S.*)$")
NEARLY = re.compile(r"^\s*//.*\bRFC ?\d+\b.*\b(MUST|SHOULD|MAY)( NOT)?\b ?:")
TEST = re.compile(r"^\s*(?:TEST|TEST_F|TEST_P|TYPED_TEST)\(\s*(\w+)\s*,\s*(\w+)\s*\)")
TEST_OPEN = re.compile(r"^\s*(?:TEST|TEST_F|TEST_P|TYPED_TEST)\(\s*(\w+)\s*,\s*$")

Entry = collections.namedtuple("Entry", "rfc section level text path test")


def test_names(lines):
    """For each line, the test it stands in or, between tests, the next one."""
    names, current = [None] * len(lines), None
    for number in range(len(lines) - 1, -1, -1):
        match = TEST.match(lines[number])
        broken = TEST_OPEN.match(lines[number])
        if match:
            current = f"{match[1]}.{match[2]}"
        elif broken and number + 1 < len(lines):
            current = f"{broken[1]}.{lines[number + 1].strip().rstrip(') {')}"
        names[number] = current
    # From its first line to its closing brace a test owns its lines.
    inside = None
    for number, line in enumerate(lines):
        if TEST.match(line) or TEST_OPEN.match(line):
            inside = names[number]
        if inside:
            names[number] = inside
        if line.startswith("}"):
            inside = None
    return names


def scan_text(path, text):
    """(entries, complaints) of one file."""
    lines = text.split("\n")
    names, entries, complaints = test_names(lines), [], []
    for number, line in enumerate(lines):
        tag = TAG.match(line)
        if not tag:
            if NEARLY.match(line):
                complaints.append(f"{path}:{number + 1}: not in the form "
                                  "`// RFC <number> <section> MUST|SHOULD|MAY: text`")
            continue
        words = tag[4]
        # A sentence may go on in the comment lines below.
        for more in lines[number + 1:]:
            more = more.strip()
            if words.endswith(".") or not more.startswith("// ") or TAG.match(more):
                break
            words += " " + more[3:]
        entries.append(Entry(int(tag[1]), tag[2], tag[3], words, path, names[number] or ""))
    return entries, complaints


def scan(root):
    entries, complaints = [], []
    paths = [*root.glob("tests/**/*_test.*"), *root.glob("tests/**/*.pkt")]
    for path in sorted(path for path in paths if "tests/tidy" not in path.as_posix()):
        if path.suffix == ".pyc":
            continue
        name = path.relative_to(root).as_posix()
        found, bad = scan_text(name, path.read_text(encoding="utf-8"))
        entries += found
        complaints += bad
    return entries, complaints


def section_key(section):
    return [(0, int(part), "") if part.isdigit() else (1, 0, part)
            for part in section.split(".")]


def render(entries):
    by_rfc = collections.defaultdict(list)
    for entry in entries:
        by_rfc[entry.rfc].append(entry)
    out = ["# RFC coverage", "",
           "Generated by `tools/rfc_coverage.py` from tags in the tests; do not edit. Each line",
           "is a requirement and the test that proves it. What is not listed is not proven.", "",
           "| RFC | title | MUST | SHOULD | MAY |", "|---|---|---|---|---|"]
    for rfc in sorted(by_rfc):
        count = collections.Counter(entry.level.split()[0] for entry in by_rfc[rfc])
        out.append(f"| [{rfc}](#rfc-{rfc}) | {TITLES.get(rfc, '')} | {count['MUST']} | "
                   f"{count['SHOULD']} | {count['MAY']} |")
    for rfc in sorted(by_rfc):
        out += ["", f"## RFC {rfc}", "", "| section | level | requirement | proven by |",
                "|---|---|---|---|"]
        ordered = sorted(by_rfc[rfc], key=lambda entry: (section_key(entry.section),
                                                        entry.level, entry.text, entry.path))
        for entry in ordered:
            text = entry.text.replace("|", "\\|")
            out.append(f"| {entry.section} | {entry.level} | {text} | "
                       f"[{entry.test or entry.path.rsplit('/', 1)[-1]}](../{entry.path}) |")
    return "\n".join(out) + "\n"


def main(arguments):
    entries, complaints = scan(ROOT)
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    page, text = ROOT / PAGE, render(entries)
    if arguments == ["--check"]:
        current = page.read_text(encoding="utf-8") if page.exists() else ""
        if current != text:
            print(f"{PAGE} is not up to date: run tools/rfc_coverage.py", file=sys.stderr)
        return 1 if complaints or current != text else 0
    if arguments:
        print(__doc__, file=sys.stderr)
        return 2
    page.write_text(text, encoding="utf-8")
    print(f"{PAGE}: {len(entries)} requirements of {len({e.rfc for e in entries})} RFCs")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`strata capture -v` beside tshark: both read the same frames, and every field that both know has
the same value at the same place. The frames are those of fuzz/corpus/decode, which scapy wrote, and
a capture of a stack that the kernel talked to."""
import ipaddress
import json
import pathlib
import socket
import struct
import xml.etree.ElementTree as xml

import bench
from bench import HOST4, STACK4, STACK6

CORPUS = pathlib.Path(__file__).resolve().parents[2] / "fuzz" / "corpus" / "decode"

# Our layer and field -> tshark's name. Numbers are compared as numbers, addresses as addresses.
NAMES = {
    "Ethernet": {"Destination": "eth.dst", "Source": "eth.src", "Type": "eth.type",
                 "Length": "eth.len"},
    "VLAN tag": {"Priority": "vlan.priority", "Drop eligible": "vlan.dei", "VLAN": "vlan.id"},
    "LLC": {"Destination SAP": "llc.dsap", "Source SAP": "llc.ssap"},
    "SNAP": {"Organization": "llc.oui", "Type": "llc.type"},
    "ARP": {"Hardware type": "arp.hw.type", "Protocol type": "arp.proto.type",
            "Hardware length": "arp.hw.size", "Protocol length": "arp.proto.size",
            "Operation": "arp.opcode", "Sender MAC": "arp.src.hw_mac",
            "Sender IP": "arp.src.proto_ipv4", "Target MAC": "arp.dst.hw_mac",
            "Target IP": "arp.dst.proto_ipv4"},
    "IPv4": {"Version": "ip.version", "DSCP": "ip.dsfield.dscp", "ECN": "ip.dsfield.ecn",
             "Total length": "ip.len", "Identification": "ip.id", "Reserved flag": "ip.flags.rb",
             "Don't fragment": "ip.flags.df", "More fragments": "ip.flags.mf", "TTL": "ip.ttl",
             "Protocol": "ip.proto", "Header checksum": "ip.checksum", "Source": "ip.src",
             "Destination": "ip.dst"},
    "IPv6": {"Version": "ipv6.version", "Flow label": "ipv6.flow", "Payload length": "ipv6.plen",
             "Next header": "ipv6.nxt", "Hop limit": "ipv6.hlim", "Source": "ipv6.src",
             "Destination": "ipv6.dst"},
    "IPv6 hop-by-hop options": {"Next header": "ipv6.hopopts.nxt",
                                "Header length": "ipv6.hopopts.len"},
    "IPv6 destination options": {"Next header": "ipv6.dstopts.nxt",
                                 "Header length": "ipv6.dstopts.len"},
    "IPv6 routing header": {"Next header": "ipv6.routing.nxt", "Header length": "ipv6.routing.len",
                            "Routing type": "ipv6.routing.type",
                            "Segments left": "ipv6.routing.segleft",
                            "Last entry": "ipv6.routing.srh.last_entry"},
    "IPv6 fragment header": {"Next header": "ipv6.fraghdr.nxt",
                             "More fragments": "ipv6.fraghdr.more",
                             "Identification": "ipv6.fraghdr.ident"},
    "AH": {"Next header": "ah.next_header", "Header length": "ah.length",
           "Security parameters index": "ah.spi", "Sequence number": "ah.sequence"},
    "ESP": {"Security parameters index": "esp.spi", "Sequence number": "esp.sequence"},
    "ICMP": {"Type": "icmp.type", "Code": "icmp.code", "Checksum": "icmp.checksum",
             "Next-hop MTU": "icmp.mtu", "Gateway": "icmp.redir_gw", "Pointer": "icmp.pointer",
             "Originate": "icmp.originate_timestamp", "Transmit": "icmp.transmit_timestamp"},
    "ICMP extensions": {"Version": "icmp.ext.version", "Checksum": "icmp.ext.checksum"},
    "ICMPv6": {"Type": "icmpv6.type", "Code": "icmpv6.code", "Checksum": "icmpv6.checksum",
               "Identifier": "icmpv6.echo.identifier",
               "Sequence number": "icmpv6.echo.sequence_number", "MTU": "icmpv6.mtu",
               "Hop limit": "icmpv6.nd.ra.cur_hop_limit",
               "Managed addresses": "icmpv6.nd.ra.flag.m",
               "Other configuration": "icmpv6.nd.ra.flag.o", "Preference": "icmpv6.nd.ra.flag.prf",
               "Router lifetime": "icmpv6.nd.ra.router_lifetime",
               "Router": "icmpv6.nd.na.flag.r", "Solicited": "icmpv6.nd.na.flag.s",
               "Override": "icmpv6.nd.na.flag.o",
               "Max response code": "icmpv6.mld.maximum_response_code",
               "Robustness variable": "icmpv6.mld.flag.qrv",
               "Group records": "icmpv6.mldr.nb_mcast_records"},
    "IGMP": {"Type": "igmp.type", "Checksum": "igmp.checksum",
             "Robustness variable": "igmp.qrv", "Group records": "igmp.num_grp_recs"},
    "UDP": {"Source port": "udp.srcport", "Destination port": "udp.dstport",
            "Length": "udp.length", "Checksum": "udp.checksum"},
    "TCP": {"Source port": "tcp.srcport", "Destination port": "tcp.dstport",
            "Sequence number": "tcp.seq_raw", "Acknowledgment number": "tcp.ack_raw",
            "Window": "tcp.window_size_value", "Checksum": "tcp.checksum",
            "Urgent pointer": "tcp.urgent_pointer"},
    "DNS": {"Id": "dns.id", "Response": "dns.flags.response", "Opcode": "dns.flags.opcode",
            "Authoritative": "dns.flags.authoritative", "Truncated": "dns.flags.truncated",
            "Recursion desired": "dns.flags.recdesired",
            "Questions": "dns.count.queries", "Answers": "dns.count.answers",
            "Authorities": "dns.count.auth_rr", "Additionals": "dns.count.add_rr"},
    "DHCP": {"Operation": "dhcp.type", "Hardware type": "dhcp.hw.type",
             "Hardware length": "dhcp.hw.len", "Hops": "dhcp.hops", "Transaction id": "dhcp.id",
             "Seconds": "dhcp.secs", "Broadcast": "dhcp.flags.bc",
             "Client address": "dhcp.ip.client",
             "Your address": "dhcp.ip.your", "Server address": "dhcp.ip.server",
             "Relay address": "dhcp.ip.relay", "Client MAC": "dhcp.hw.mac_addr"},
}
# Values inside options, whose places tshark counts otherwise.
OPTIONS = {
    "TCP": {"Option: maximum segment size": "tcp.options.mss_val",
            "Option: window scale": "tcp.options.wscale.shift",
            "Option: timestamp": "tcp.options.timestamp.tsval",
            "Option: timestamp echo": "tcp.options.timestamp.tsecr",
            "Option: user timeout": "tcp.options.user_to_val"},
    "ICMPv6": {"Option: source link-layer address": "icmpv6.opt.src_linkaddr",
               "Option: target link-layer address": "icmpv6.opt.target_linkaddr"},
    "IPv6 destination options": {"Option: home address": "ipv6.opt.mipv6.home_address"},
    "IPv6 routing header": {"Address 1": "ipv6.routing.srh.addr"},
    "DHCP": {"Option: Server identifier": "dhcp.option.dhcp_server_id",
             "Option: Subnet mask": "dhcp.option.subnet_mask",
             "Option: Host name": "dhcp.option.hostname"},
}
# Where tshark means something else by the name: the last hop of a source route, an outer tag.
ALIASES = {"ip.dst": "ip.cur_rt", "vlan.priority": "ieee8021ad.priority",
           "vlan.dei": "ieee8021ad.dei", "vlan.id": "ieee8021ad.id"}


def plain(value):
    """A number or an address in one spelling."""
    try:
        return int(value, 0)
    except ValueError:
        pass
    try:
        return ipaddress.ip_address(value)
    except ValueError:
        return {"True": 1, "False": 0}.get(value, value.lower())


def write_pcap(path, frames):
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for at, frame in enumerate(frames):
            file.write(struct.pack("<IIII", at, 0, len(frame), len(frame)) + frame)
    return str(path)


def of_tshark(host, path):
    """For each frame, what tshark shows for a name, and for a name at a byte."""
    done = host.run("tshark", "-n", "-r", path, "-T", "pdml", "-o",
                    "tcp.relative_sequence_numbers:FALSE")
    text = done.stdout[done.stdout.index("<?xml"):]
    for packet in xml.fromstring(text.encode()).iter("packet"):
        shown = {}
        for field in packet.iter("field"):
            if field.get("show") is None or not field.get("size", "0").strip("0"):
                continue
            name = field.get("name")
            shown.setdefault(name, []).append((int(field.get("pos")), plain(field.get("show"))))
        yield shown


def of_strata(lab, host, path):
    done = host.run(lab.program, "capture", "-r", path, "--json", "-v")
    return [json.loads(line) for line in done.stdout.splitlines()]


def differences(ours, theirs):
    """Fields that differ, and how many were compared."""
    wrong, compared = [], 0
    for layer in ours["layers"]:
        kind = layer["name"].removeprefix("Quoted ")
        for field in layer["fields"]:
            name = NAMES.get(kind, {}).get(field["name"])
            option = OPTIONS.get(kind, {}).get(field["name"])
            if (name or option) not in theirs:
                continue
            known = theirs[name or option] + theirs.get(ALIASES.get(name), [])
            value = plain(field["value"])
            at = layer["offset"] + field["bit"] // 8
            if option:
                is_same = any(value == shown for _, shown in known)
            else:
                # A flag of a wider field is placed where that begins.
                is_same = any(value == shown and at - 3 <= place <= at for place, shown in known)
            compared += 1
            if not is_same:
                wrong.append((layer["name"], field["name"], field["value"], at, name, known))
    return wrong, compared


def compare(lab, host, what, path, least):
    ours = of_strata(lab, host, path)
    theirs = list(of_tshark(host, path))
    lab.check(f"{what}: both see the same frames", len(ours) == len(theirs) > 0,
              (len(ours), len(theirs)))
    wrong, compared = [], 0
    for number, (mine, other) in enumerate(zip(ours, theirs), 1):
        differing, count = differences(mine, other)
        wrong += [(number, *one) for one in differing]
        compared += count
    lab.check(f"{what}: {compared} fields are the same", not wrong and compared >= least,
              "\n".join(map(str, wrong[:10])))
    return ours, theirs


def names_seen(frames):
    return {(layer["name"].removeprefix("Quoted "), field["name"])
            for frame in frames for layer in frame["layers"] for field in layer["fields"]}


def corpus(lab, host):
    files = sorted(CORPUS.glob("*.bin"))
    frames = [file.read_bytes()[1:] for file in files]
    path = write_pcap(lab.folder / "corpus.pcap", frames)
    ours, theirs = compare(lab, host, "corpus", path, 1000)
    seen = names_seen(ours)
    missing = [(layer, field) for layer, fields in NAMES.items() for field in fields
               if (layer, field) not in seen]
    lab.check("corpus: every field that is to be compared occurs", not missing, missing)
    unheard = sorted({name for fields in (*NAMES.values(), *OPTIONS.values())
                      for name in fields.values()} - {name for shown in theirs for name in shown})
    lab.check("corpus: tshark knows every name", not unheard, unheard)
    cut = write_pcap(lab.folder / "cut.pcap", [frame[:size] for frame in frames
                                               for size in (10, 20, 40, 60)])
    done = host.run(lab.program, "capture", "-r", cut, "-v", "-x")
    lab.check("corpus: cut frames are read as far as they go", done.returncode == 0 and
              done.stdout.count("Unreadable") >= len(frames), done.stdout[:300])


def live(lab, host):
    path = str(lab.folder / "live.pcapng")
    stack = lab.up(host, "--capture", path, "--serve", "echo").wait()
    host.run("ping", "-n", "-c", 3, "-i", 0.01, STACK4)
    host.run("ping", "-n", "-c", 2, "-i", 0.01, "-s", 4000, STACK6)
    host.udp(HOST4).sendto(b"x" * 100, (STACK4, 4444))
    with host.socket(socket.AF_INET, socket.SOCK_STREAM) as client:
        client.connect((STACK4, 7))
        client.sendall(b"hello" * 500)
        client.recv(100)
    stack.settle()
    lab.check("live: strata up ends well", stack.stop() == 0, stack.output)
    ours, _ = compare(lab, host, "live", path, 300)
    notes = [field.get("note", "") for frame in ours for layer in frame["layers"]
             for field in layer["fields"] if "hecksum" in field["name"]]
    lab.check("live: every checksum that can be judged is correct",
              notes.count("correct") > 20 and not any("wrong" in note for note in notes), notes)


def main():
    with bench.Bench(needs=["tshark", "ping"]) as lab:
        host = lab.namespace()
        corpus(lab, host)
        live(lab, host)


if __name__ == "__main__":
    main()

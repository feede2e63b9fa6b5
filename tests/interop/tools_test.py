#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Tools that need ping sockets, raw sockets and the error queue, under `strata run`: ping,
traceroute, tracepath and nmap, to the kernel and through it."""
import re
import shutil

import bench
from bench import HOST4, HOST6, STACK4

FAR4 = "10.88.0.2"
ROUTED = ("--device", f"tap:strata0,host={HOST4}/24", "--address", f"{STACK4}/24", "--gateway",
          HOST4)


def under(lab, host, *words, flags=()):
    return host.run(*lab.run_words(*words, flags=flags)).stdout


def routed_lab(lab):
    """A kernel that routes to a second one, over a link with a smaller MTU."""
    host, far = lab.namespace(), lab.namespace()
    host.must("ip", "link", "add", "near", "type", "veth", "peer", "name", "far", "netns", far.name)
    for place, device, address in ((host, "near", "10.88.0.1/24"), (far, "far", f"{FAR4}/24")):
        place.must("ip", "address", "add", address, "dev", device)
        place.must("ip", "link", "set", device, "up", "mtu", "1400")
        place.set("ipv4/icmp_ratelimit", 0)
    far.must("ip", "route", "add", "default", "via", "10.88.0.1")
    host.set("ipv4/ip_forward", 1)
    return host


def pings(lab, host):
    for words in (["ping", HOST4], ["ping", "-6", HOST6], ["ping", "-s", "4000", HOST4],
                  ["ping", "127.0.0.1"], ["ping", "-6", "::1"], ["busybox", "ping", HOST4]):
        if not shutil.which(words[0]):
            continue
        at = 2 if words[0] == "busybox" else 1
        told = under(lab, host, *words[:at], "-c2", *words[at:])
        lab.check(f"{' '.join(words)}: two answers", re.search(r"\b2 (packets )?received", told) and
                  "WARNING" not in told, told)
    told = under(lab, host, "ping", "-c1", "-W3", "10.77.0.99")
    lab.check("ping: who is not there", f"From {STACK4} icmp_seq=1 Destination Host Unreachable"
              in told, told)
    told = under(lab, host, "ping", "-c1", "-M", "do", "-s", "2000", HOST4)
    lab.check("ping -M do: too long", "local error: message too long, mtu=1500" in told, told)


def routes(lab):
    host = routed_lab(lab)
    told = under(lab, host, "ping", "-c1", "-t1", FAR4, flags=ROUTED)
    lab.check("ping -t1: the router says so", f"From {HOST4} icmp_seq=1 Time to live exceeded"
              in told, told)
    for method in ([], ["-I"], ["-T"]):
        told = under(lab, host, "traceroute", "-n", "-q1", "-w2", "-m4", *method, FAR4,
                     flags=ROUTED)
        hops = re.findall(r"^ *\d+ +([\d.]+|\*)", told, re.M)
        lab.check(" ".join(["traceroute", *method]), hops == [HOST4, FAR4], told)
    told = under(lab, host, "tracepath", "-n", FAR4, flags=ROUTED)
    lab.check("tracepath: hops and path MTU", "Resume: pmtu 1400 hops 2 back 2" in told, told)


def main():
    with bench.Bench(needs=["ping", "traceroute", "tracepath", "nmap"], seconds=40) as lab:
        host = lab.namespace()
        pings(lab, host)
        told = under(lab, host, "nmap", "-n", "-sn", "--unprivileged", HOST4)
        lab.check("nmap -sn --unprivileged", "1 host up" in told, told)
        routes(lab)


main()

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A whole Linux as neighbour, in QEMU: VLANs and QinQ of a kernel that has 8021q, TCP with the
congestion controls this host lacks, and a line that netem makes bad. The guest's card and the
stack's device are ports of one bridge. Part of `./dev test --full`."""
import hashlib
import os

import bench
import guest
from bench import TAP

GUEST_TAP, BRIDGE = "guest0", "both0"
FILE_BYTES = 4 << 20
PLACES = (("untagged", "eth0", 0), ("VLAN 10", "v10", 10), ("QinQ 100.20", "s100.20", 20))


def prefix_of(number):
    return f"fd77:{number}" if number else "fd77"


def scene(lab, host):
    """The bridge, the stack and the guest on it."""
    www = lab.folder / "www"
    www.mkdir()
    data = os.urandom(FILE_BYTES)
    (www / "file").write_bytes(data)
    arguments = ["--device", f"tap:{TAP}", "--address", "10.77.0.2/24", "--address", "fd77::2/64"]
    for vlan, number in (("10", 10), ("100.20", 20)):
        arguments += ["--vlan", vlan, "--address", f"10.77.{number}.2/24",
                      "--address", f"fd77:{number}::2/64"]
    stack = lab.up(host, *arguments, "--serve", f"echo,http={www}:80")
    machine = guest.boot(lab, host, GUEST_TAP,
                         ["8021q", "sch_netem", "tcp_bbr", "tcp_dctcp", "sch_fq"])
    host.must("ip", "link", "add", BRIDGE, "type", "bridge")
    for port in (TAP, GUEST_TAP):
        host.must("ip", "link", "set", port, "master", BRIDGE)
        host.must("ip", "link", "set", port, "up")
    host.must("ip", "link", "set", BRIDGE, "up")
    return stack, machine, hashlib.md5(data).hexdigest()


def configure(machine):
    machine.must("sysctl -q -w net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0")
    machine.must("ip link add link eth0 name v10 type vlan id 10")
    machine.must("ip link add link eth0 name s100 type vlan proto 802.1ad id 100")
    machine.must("ip link set s100 up")
    machine.must("ip link add link s100 name s100.20 type vlan id 20")
    for _, link, number in PLACES:
        machine.must(f"ip link set {link} up")
        machine.must(f"ip address add 10.77.{number}.1/24 dev {link}")
        machine.must(f"ip address add {prefix_of(number)}::1/64 dev {link} nodad")


def neighbours(lab, machine, digest):
    for name, _, number in PLACES:
        four = f"10.77.{number}.2"
        six = f"{prefix_of(number)}::2"
        for size in (56, 1460, 20000):
            for address in (four, six):
                status, output = machine.run(f"ping -c 3 -i 0.2 -W 2 -s {size} {address}")
                lab.check(f"{name}: ping of {size} bytes to {address}",
                          status == 0 and " 0% packet loss" in output, output)
        fetched = fetch(machine, four)
        lab.check(f"{name}: a file over HTTP", fetched == digest, fetched)


def fetch(machine, address):
    """The MD5 sum of the stack's file, as the guest got it."""
    return machine.must(f"wget -q -O - http://{address}/file 2>/dev/null | md5sum", 60).split()[0]


def controls(lab, machine, digest):
    """The guest sends under each control, the stack receives, and the other way about."""
    machine.must(f"head -c {FILE_BYTES} /dev/urandom > /www/up; sync")
    wanted = machine.must("md5sum /www/up").split()[0]
    machine.must("sysctl -q -w net.ipv4.tcp_ecn=1")
    machine.must("cd /www; httpd -p 8080; cd /")
    for control in ("cubic", "reno", "bbr", "dctcp"):
        machine.must(f"sysctl -q -w net.ipv4.tcp_congestion_control={control}")
        lab.check(f"{control}: a file from the stack", fetch(machine, "10.77.0.2") == digest)
        # Through our echo service the guest is the one that sends.
        status, echoed = machine.run("nc 10.77.0.2 7 < /www/up | md5sum", 60)
        lab.check(f"{control}: a file to the stack and back",
                  status == 0 and echoed.split()[0] == wanted, echoed)


def bad_lines(lab, machine, digest):
    for line in ("delay 10ms loss 1%", "delay 5ms reorder 10% 25%", "delay 5ms 3ms duplicate 2%",
                 "delay 5ms corrupt 1%"):
        machine.must(f"tc qdisc replace dev eth0 root netem limit 10000 {line}")
        lab.check(f"netem {line}: a file from the stack",
                  fetch(machine, "10.77.0.2") == digest)
        wanted = machine.must("md5sum /www/up").split()[0]
        _, echoed = machine.run("nc 10.77.0.2 7 < /www/up | md5sum", 60)
        lab.check(f"netem {line}: a file to the stack and back",
                  echoed.split()[0] == wanted, echoed)
    machine.must("tc qdisc del dev eth0 root")


if not os.environ.get("STRATA_FULL"):
    bench.skip("a guest kernel is part of ./dev test --full")
with bench.Bench(needs=["qemu-system-x86_64", "busybox", "modprobe", "cpio"], seconds=400) as test:
    namespace = test.namespace()
    up, linux, file_digest = scene(test, namespace)
    configure(linux)
    neighbours(test, linux, file_digest)
    controls(test, linux, file_digest)
    bad_lines(test, linux, file_digest)
    test.check("the stack ends well", up.stop() == 0, up.output)

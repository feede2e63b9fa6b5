#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`strata switch`: TAP devices of several network namespaces joined into one LAN, and into VLANs
with a trunk whose other end is an AF_PACKET socket. Kernels ping and fetch through it, with their
offloads on and off."""
import hashlib
import json
import os
import socket
import struct

import bench
from bench import wait_until


class Lan:
    """A running switch, with each of its TAP devices moved to a namespace of its own."""

    def __init__(self, lab, names, *words):
        self.lab, self.home = lab, lab.namespace()
        self.control = lab.folder / f"switch{names[0]}"
        self.log = lab.folder / f"switch{names[0]}.log"
        self.process = self.home.start(lab.program, "switch", *[f"tap:{name}" for name in names],
                                       *words, "--control", self.control, output=self.log)
        if not wait_until(self.control.exists, 20):
            raise RuntimeError(f"no switch: {self.log.read_text()}")
        self.hosts = [self.settle(name.split(",")[0]) for name in names]

    def settle(self, name):
        """Moves a device out of the switch's namespace; its descriptor goes on working."""
        where = self.lab.namespace()
        self.home.must("ip", "link", "set", "dev", name, "netns", where.name, "name", "eth0")
        where.must("ip", "link", "set", "dev", "eth0", "up")
        return where

    def status(self):
        done = self.home.run(self.lab.program, "status", "--json", "--control", self.control)
        return json.loads(done.stdout)["switch"]

    def port(self, name):
        return next(one for one in self.status()["ports"] if one["name"] == name)


def ping(where, address, *words):
    return where.run("ping", "-c2", "-i0.2", "-W2", *words, address).returncode == 0


def fetches(where, address, digest):
    done = where.run("sh", "-c", f"curl -s -m 20 http://{address}:8000/file | sha256sum",
                     timeout=30)
    return done.stdout.split()[0] == digest


def one_lan(lab):
    lan = Lan(lab, ["a", "b", "c,offload=no"])
    content = os.urandom(32 << 20)
    folder = lab.folder / "www"
    folder.mkdir()
    (folder / "file").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    for number, host in enumerate(lan.hosts, 1):
        host.must("ip", "address", "add", f"10.80.0.{number}/24", "dev", "eth0")
        host.must("ip", "address", "add", f"fd80::{number}/64", "dev", "eth0", "nodad")
        host.start("python3", "-m", "http.server", "-d", folder, "-b", f"10.80.0.{number}", "8000")
    a, b, c = lan.hosts
    for host, number in ((a, 2), (a, 3), (b, 3), (c, 1)):
        lab.check(f"ping 10.80.0.{number}", ping(host, f"10.80.0.{number}"))
        lab.check(f"ping fd80::{number}", ping(host, f"fd80::{number}"))
    lab.check("the largest ping", ping(a, "10.80.0.3", "-s", "60000"))
    for host, number, what in ((a, 2, "with offloads"), (c, 1, "to a port without"),
                               (a, 3, "from a port without")):
        wait_until(lambda h=host, n=number: h.run(
            "curl", "-s", "-o", "/dev/null", f"http://10.80.0.{n}:8000/").returncode == 0, 20)
        lab.check(f"32 MiB {what}", fetches(host, f"10.80.0.{number}", digest))
    status = lan.status()
    macs = {one["mac"]: one["port"] for one in status["addresses"]}
    for host, name in zip(lan.hosts, "abc"):
        lab.check(f"the station of {name} is known", macs.get(host.mac("eth0")) == name, macs)
    lab.check("nothing came back to whom it came from",
              not any(one["moved"] for one in status["ports"]), status["ports"])
    # A station moves: its address appears behind another port.
    a.must("ip", "link", "set", "dev", "eth0", "address", "02:00:00:00:00:aa")
    ping(a, "10.80.0.2")
    a.must("ip", "link", "set", "dev", "eth0", "address", "02:00:00:00:00:ab")
    b.must("ip", "link", "set", "dev", "eth0", "address", "02:00:00:00:00:aa")
    ping(b, "10.80.0.3")
    moved = next(one for one in lan.status()["addresses"] if one["mac"] == "02:00:00:00:00:aa")
    lab.check("a station that moved is known at its new place", moved["port"] == "b", moved)
    text = lan.home.run(lab.program, "status", "--control", lan.control).stdout
    lab.check("strata status shows ports and addresses",
              "all tags pass" in text and "Addresses" in text, text)
    lab.check("the switch ends in order", bench.end(lan.process) == 0)


def vlans(lab):
    """x and y in VLAN 10, z in VLAN 20, t a trunk of both."""
    lan = Lan(lab, ["x", "y", "z", "t"], "--vlan", "x=10", "--vlan", "y=10", "--vlan", "z=20",
              "--vlan", "t=10,20")
    for number, host in enumerate(lan.hosts[:3], 1):
        host.must("ip", "address", "add", f"10.81.0.{number}/24", "dev", "eth0")
    x, y, z, trunk = lan.hosts
    lab.check("neighbours of a VLAN reach each other", ping(x, "10.81.0.2"))
    lab.check("those of another do not", not ping(x, "10.81.0.3", "-c1", "-W1"))
    wire = trunk.wire("eth0")
    ours = bytes.fromhex("02bbbbbbbbbb")

    def question(vlan, target):
        tag = struct.pack("!HH", 0x8100, vlan) if vlan is not None else b""
        arp = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + ours + socket.inet_aton("10.81.0.9")
        return (b"\xff" * 6 + ours + tag + struct.pack("!H", 0x0806) + arp + bytes(6) +
                socket.inet_aton(target)).ljust(64, b"\0")

    def answer(frame):
        return frame[12:16] if frame[:6] == ours else None
    for vlan, target, name in ((10, "10.81.0.1", "x"), (20, "10.81.0.3", "z")):
        wire.clear()
        wire.send(question(vlan, target))
        tag = wire.find(answer, 3)
        lab.check(f"{name} answers on the trunk, in VLAN {vlan}",
                  tag == struct.pack("!HH", 0x8100, vlan), tag)
    for vlan, target, name in ((20, "10.81.0.1", "x"), (10, "10.81.0.3", "z"),
                               (30, "10.81.0.1", "x"), (None, "10.81.0.1", "x")):
        wire.clear()
        wire.send(question(vlan, target))
        lab.check(f"{name} does not hear VLAN {vlan}", wire.find(answer, 0.3) is None)
    lab.check("frames of no VLAN of the trunk are counted", lan.port("t")["wrong_vlan"] >= 2)
    # A frame from an access port comes out of the trunk with the port's tag.
    wire.clear()
    y.run("ping", "-c1", "-W1", "10.81.0.77")
    heard = wire.find(lambda frame: frame[:6] == b"\xff" * 6 and
                      frame[16:18] == b"\x08\x06" and frame[12:16], 2)
    lab.check("broadcasts of y leave the trunk in VLAN 10",
              heard == struct.pack("!HH", 0x8100, 10), heard)
    bench.end(lan.process)


def faults(lab):
    where = lab.namespace()
    for words, status, text in (
            (["tap:a"], 2, "two devices"),
            (["tap:a", "tap:b", "--vlan", "a=0"], 2, "as in lan=10"),
            (["tap:a", "tap:b", "--vlan", "c=10"], 1, "no port 'c'"),
            (["tap:a", "tun:b"], 1, "carries IP"),
            (["tap:a", "null:a"], 1, "there is a port")):
        done = where.run(lab.program, "switch", *words)
        lab.check(f"switch {' '.join(words)} is refused",
                  done.returncode == status and text in done.stdout, done.stdout)


with bench.Bench(needs=["ping", "curl", "ip", "python3"], seconds=150) as test:
    one_lan(test)
    vlans(test)
    faults(test)

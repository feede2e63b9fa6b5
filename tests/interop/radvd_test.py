#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A router that advertises: radvd on the kernel's end gives the stack its addresses and routes."""
import ipaddress
import signal

import bench
from bench import STACK4, TAP

NETWORK = ipaddress.ip_network("fd55:0:0:1::/64")
CONFIG = """interface {tap} {{
  AdvSendAdvert on;
  MinRtrAdvInterval 3;
  MaxRtrAdvInterval 4;
  AdvDefaultLifetime {router};
  AdvLinkMTU 1400;
  prefix {prefix} {{ AdvOnLink on; AdvAutonomous on; AdvValidLifetime {valid};
                    AdvPreferredLifetime {preferred}; }};
  RDNSS fd55:0:0:1::1 {{ AdvRDNSSLifetime 60; }};
}};
"""


class Router:
    def __init__(self, lab, namespace):
        self.lab, self.namespace = lab, namespace
        self.config, self.log = lab.folder / "radvd.conf", lab.folder / "radvd.log"
        self.process, self.turns = None, 0
        namespace.set("ipv6/conf/all/forwarding", 1)

    def advertise(self, **values):
        values = {"tap": TAP, "prefix": NETWORK, "router": 1800, "valid": 7200,
                  "preferred": 3600} | values
        self.config.write_text(CONFIG.format(**values))
        if self.process:
            # Killed, so that it does not take its advertisements back.
            bench.end(self.process, signal.SIGKILL)
        # The helper of a radvd that was killed holds the lock on its file a little longer.
        self.turns += 1
        self.process = self.namespace.start(
            "radvd", "-n", "-m", "stderr", "-C", self.config, "-p",
            self.lab.folder / f"radvd{self.turns}.pid", output=self.log)


def address_in(stack, network, state):
    """The stack's address in the network, once it is in that state."""
    def find():
        for one in stack.addresses():
            text = one["address"].split("/")[0].split("%")[0]
            if ":" in text and ipaddress.ip_address(text) in network and one["state"] == state:
                return text
    return bench.wait_until(find, 12, pause=0.2)


def default_route(stack):
    for one in stack.status()["routes"]:
        if one["destination"] == "::/0":
            return one.get("gateway", "").split("%")[0]


with bench.Bench(needs=["ping", "radvd"]) as test:
    host, far = test.namespace(), test.namespace()
    test.cable(host, "far0", far, "near0")
    host.must("ip", "address", "add", "fd99::1/64", "dev", "far0")
    far.must("ip", "address", "add", "fd99::2/64", "dev", "near0")
    far.must("ip", "route", "add", "default", "via", "fd99::1")
    running = test.up(host).wait(STACK4)
    host.must("ip", "address", "add", f"{NETWORK[1]}/64", "dev", TAP)
    router = Router(test, host)
    router.advertise()

    address = address_in(running, NETWORK, "preferred")
    test.check("an address is formed from the prefix", address, running.addresses())
    test.check("with an identifier that does not tell the MAC (RFC 7217)",
               address and "ff:fe" not in address, address)
    test.check("the router becomes the default route",
               bench.wait_until(lambda: default_route(running), 3) == host.link_local(),
               running.status()["routes"])
    servers = [one["address"] for one in running.status()["dns_servers"]]
    test.check("the DNS server advertised (RFC 8106) is in the status",
               servers == ["fd55:0:0:1::1"], servers)
    words = host.run(test.program, "status", "--control", running.control).stdout
    test.check("also in words", "DNS servers\n  fd55:0:0:1::1\n" in words, words)
    test.check("the kernel pings the address formed", address and running.is_answering(address))
    test.check("and so does a host beyond the router, which the default route leads to",
               address and far.run("ping", "-c1", "-W2", address).returncode == 0)
    big = host.run("ping", "-c1", "-W2", "-s", 2000, address or "::1")
    wire = host.wire()
    host.run("ping", "-c1", "-W2", "-s", 1900, address or "::1")
    sizes = [len(frame) - 14 for frame in wire.all(0.2) if frame[12:14] == b"\x86\xdd"]
    test.check("the MTU of the advertisement is kept to", big.returncode == 0 and sizes and
               max(sizes) <= 1400, sizes)

    router.advertise(preferred=0)
    test.check("a prefix with no preferred lifetime left is deprecated",
               address_in(running, NETWORK, "deprecated") == address, running.addresses())
    test.check("a deprecated address still answers", address and running.is_answering(address))

    router.advertise(router=0, preferred=0)
    test.check("a router that resigns is no default route any more",
               bench.wait_until(lambda: default_route(running) is None, 10, pause=0.2),
               f"{default_route(running)}; radvd: {router.log.read_text()}")

    second = ipaddress.ip_network("fd55:0:0:2::/64")
    router.advertise(prefix=second)
    moved = address_in(running, second, "preferred")
    test.check("a second prefix brings a second address", moved, running.addresses())
    test.check("whose identifier is another one, by prefix",
               moved and address and moved.split("::")[-1].split(":")[-4:] !=
               address.split(":")[-4:], (moved, address))
    test.check("the stack still answers", running.is_answering(STACK4))

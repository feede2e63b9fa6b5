#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Addresses from dnsmasq in a namespace: a lease and all that comes with it, renewal, a server that
changed its mind, an address that somebody has already, what is given back, a VLAN's own lease,
and what tshark thinks of it."""
import re

import bench
from bench import HOST4, TAP

STRANGER_MAC = "02:00:00:00:00:77"

RANGE = "10.77.0.50,10.77.0.60"
CHECKED = 15  # seconds that duplicate detection may take (RFC 5227)


class Server:
    """dnsmasq on the kernel's end of the TAP device."""

    def __init__(self, lab, host):
        self.lab, self.host = lab, host
        self.leases = lab.folder / "leases"
        self.log = lab.folder / "dnsmasq.log"
        self.process = None

    def start(self, *more, lease="120", range_=RANGE):
        self.log.write_text("")
        self.process = self.host.start(
            "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv",
            "--no-hosts", "--user=root", f"--pid-file={self.lab.folder}/dnsmasq.pid",
            f"--interface={TAP}", "--bind-dynamic", "--local=/example.test/",
            "--domain=example.test", f"--host-record=gateway.example.test,{HOST4}",
            f"--dhcp-range={range_},{lease}", "--dhcp-authoritative", "--no-ping",
            f"--dhcp-leasefile={self.leases}", "--log-dhcp", f"--log-facility={self.log}", *more)
        if not bench.wait_until(lambda: "started" in self.log.read_text(), 10):
            raise RuntimeError("dnsmasq does not start")
        return self

    def stop(self):
        bench.end(self.process)

    def lines(self):
        """Lease lines: expiry, MAC, address, name, client id."""
        if not self.leases.exists():
            return []
        return [line.split() for line in self.leases.read_text().splitlines() if line.strip()]

    def heard(self, what):
        return len(re.findall(what, self.log.read_text()))


def fields(host, capture, which, field, *options):
    """One field of the frames that a filter of tshark lets through."""
    text = host.run("tshark", *options, "-r", capture, "-Y", which, "-T", "fields", "-e", field)
    return [line for line in text.stdout.split() if line.isdigit()]


def once(lab, host, server):
    """Programs that live for one question."""
    capture = lab.folder / "dhcp.pcapng"
    ping = host.run(lab.program, "ping", "-c", "2", "--device", f"tap:{TAP}", "--dhcp",
                    "--host-name", "printer", "--capture", capture, "gateway")
    lab.check("ping with an address, a server and a domain from DHCP",
              ping.returncode == 0 and "2 received" in ping.stdout, ping.stdout)
    lab.check("the server was told our name", server.heard(r"client provides name: printer"))
    lab.check("the address is given back", server.heard("DHCPRELEASE") == 1 and
              server.lines() == [], server.leases.read_text())
    text = host.run("tshark", "-r", capture, "-V", "-Y", "dhcp").stdout
    lab.check("tshark reads every message", "Dynamic Host Configuration Protocol" in text and
              "alformed" not in text, text[-300:])
    kinds = fields(host, capture, "dhcp", "dhcp.option.dhcp")
    lab.check("discover, offer, request, acknowledgement, release",
              kinds == ["1", "2", "3", "5", "7"], kinds)
    sums = fields(host, capture, "dhcp.type == 1", "udp.checksum.status",
                  "-o", "udp.check_checksum:TRUE")
    lab.check("the checksums of our frames are right", sums == ["1", "1", "1"], sums)


def whole(lab, host, server):
    """A stack that stays: everything the lease says becomes so, and goes again."""
    stack = lab.up(host, "--device", f"tap:{TAP}", "--dhcp", "--lease-file", lab.folder / "lease")
    told = bench.wait_until(lambda: is_bound(stack), CHECKED, pause=0.2)
    lab.check("a lease, once nobody else has the address", told, stack.output)
    status = stack.status()
    address = next((one["address"] for one in status["addresses"]
                    if one["address"].startswith("10.77.0.")), "")
    lab.check("its address is of the range", re.fullmatch(r"10\.77\.0\.(5\d|60)/24", address),
              address)
    routes = {one["destination"]: one.get("gateway") for one in status["routes"]}
    lab.check("classless routes stand in the table",
              routes.get("192.168.9.0/24") == HOST4 and routes.get("0.0.0.0/0") == HOST4, routes)
    mtu = {one["name"]: one["mtu"] for one in status["interfaces"]}.get(TAP)
    lab.check("the MTU is the server's", mtu == 1400, mtu)
    lab.check("status tells of the lease", status["leases"][0]["state"] == "bound" and
              status["leases"][0]["server"] == HOST4, status.get("leases"))
    lab.check("status tells of the name server",
              HOST4 in [one["address"] for one in status["resolver"]["servers"]],
              status.get("resolver"))
    lab.check("the stack answers at its address", stack.is_answering(address.split("/")[0]))
    return stack, address.split("/")[0]


def is_bound(stack):
    leases = stack.status().get("leases", [])
    return bool(leases) and leases[0]["state"] == "bound"


def renewed(lab, server, stack):
    before = server.heard("DHCPACK")
    # Renewal is due after 5 of the 10 seconds that the server was told to say.
    lab.check("the lease is renewed in time",
              bench.wait_until(lambda: server.heard("DHCPACK") > before, 12))
    lab.check("... without losing the address",
              bench.wait_until(lambda: is_bound(stack), 5))
    lab.check("... and status counts it", bench.wait_until(
        lambda: stack.status()["leases"][0]["renewals"] >= 1, 3))


def refused(lab, host, server, stack, address):
    """A server with another range refuses the renewal."""
    server.stop()
    server.leases.unlink()
    server.start("--dhcp-option=option:T1,5", "--dhcp-option=option:T2,9",
                 range_="10.77.0.80,10.77.0.90")
    lab.check("a server that changed refuses",
              bench.wait_until(lambda: server.heard("DHCPNAK"), 12))
    lab.check("the old address is gone", bench.wait_until(
        lambda: address not in str(stack.addresses()), 5), stack.addresses())
    lab.check("a new one takes its place", bench.wait_until(
        lambda: is_bound(stack) and re.search(r"10\.77\.0\.(8\d|90)/", str(stack.addresses())),
        CHECKED, pause=0.2),
        stack.addresses())


def again(lab, host, server, stack):
    """With a lease file the address is kept, and asked for at the next start."""
    address = server.lines()[0][2]
    lab.check("it ends well", stack.stop() == 0, stack.output)
    lab.check("with a lease file nothing is given back", server.heard("DHCPRELEASE") == 0)
    discoveries = server.heard("DHCPDISCOVER")
    done = host.run(lab.program, "ping", "-c", "1", "--device", f"tap:{TAP}", "--dhcp",
                    "--lease-file", lab.folder / "lease", HOST4)
    lab.check("the next start has the same address at once", done.returncode == 0 and
              server.heard("DHCPDISCOVER") == discoveries and server.lines()[0][2] == address,
              done.stdout)


def taken(lab, host, server):
    """An address that somebody has is declined, and another one is taken."""
    from scapy.all import ARP, Ether
    server.stop()
    server.leases.unlink()
    server.start(range_="10.77.0.70,10.77.0.71")

    def probe_in(frame):  # RFC 5227 2.1.1
        packet = Ether(bytes(frame))
        return packet[ARP] if ARP in packet and packet[ARP].psrc == "0.0.0.0" else None
    wire = host.wire()
    stack = lab.up(host, "--device", f"tap:{TAP}", "--dhcp")
    probe = wire.find(probe_in, 20)
    lab.check("an address is probed before it is taken", probe)
    wire.send(Ether(src=STRANGER_MAC, dst=probe.hwsrc) /
              ARP(op=2, hwsrc=STRANGER_MAC, psrc=probe.pdst, pdst=probe.psrc))
    bench.wait_until(lambda: is_bound(stack), 30, pause=0.5)
    held = [one["address"] for one in stack.addresses() if one["address"].startswith("10.77.")]
    others = {"10.77.0.70/24", "10.77.0.71/24"} - {f"{probe.pdst}/24"}
    lab.check("an address in use is never ours", set(held) == others, (probe.pdst, held))
    lab.check("... and the server is told", server.heard("DHCPDECLINE") == 1,
              server.log.read_text())
    stack.stop()


def on_vlan(lab, host, server):
    """A VLAN's own lease. The kernel may have no VLANs: a switch takes the tags off for it."""
    server.stop()
    server.leases.unlink()
    server.start()
    pipe, log = lab.folder / "trunk", lab.folder / "switch.log"
    switch = host.start(lab.program, "switch", f"tap:{TAP}", f"pipe:{pipe}", "--vlan", f"{TAP}=10",
                        "--vlan", "trunk=10,20", "--control", lab.folder / "switch", output=log)
    bench.wait_until(lambda: "Ctrl-C" in log.read_text(), 10)
    capture = lab.folder / "vlan.pcapng"
    done = host.run(lab.program, "ping", "-c", "2", "--device", f"pipe:{pipe}", "--vlan", "10",
                    "--dhcp", "--capture", capture, HOST4)
    lab.check("ping with an address that DHCP gave to a VLAN",
              done.returncode == 0 and "2 received" in done.stdout, done.stdout)
    asked = fields(host, capture, "dhcp.type == 1", "vlan.id")
    lab.check("every question has the VLAN's tag", len(asked) >= 3 and set(asked) == {"10"}, asked)
    lab.check("the address is given back", server.heard("DHCPRELEASE") == 1 and
              server.lines() == [], server.leases.read_text())
    lab.check("the switch ends well", bench.end(switch) == 0, log.read_text())


def nobody(lab, host, server):
    server.stop()
    done = host.run(lab.program, "up", "--device", f"tun:{TAP}x", "--dhcp")
    lab.check("what is no Ethernet has no DHCP", done.returncode == 1 and
              "needs an Ethernet device" in done.stdout, done.stdout)
    done = host.run(lab.program, "up", "--dhcp")
    lab.check("--dhcp belongs behind a device", done.returncode == 2, done.stdout)


def main():
    with bench.Bench(needs=["dnsmasq", "tshark"], seconds=150) as lab:
        host = lab.namespace()
        host.must("ip", "tuntap", "add", "dev", TAP, "mode", "tap")
        host.must("ip", "address", "add", f"{HOST4}/24", "dev", TAP)
        host.must("ip", "link", "set", TAP, "up")
        server = Server(lab, host).start("--dhcp-option=option:mtu,1400",
                                         f"--dhcp-option=121,192.168.9.0/24,{HOST4},"
                                         f"0.0.0.0/0,{HOST4}",
                                         "--dhcp-option=option:T1,5", "--dhcp-option=option:T2,9")
        once(lab, host, server)
        stack, address = whole(lab, host, server)
        renewed(lab, server, stack)
        refused(lab, host, server, stack, address)
        again(lab, host, server, stack)
        taken(lab, host, server)
        on_vlan(lab, host, server)
        nobody(lab, host, server)


main()

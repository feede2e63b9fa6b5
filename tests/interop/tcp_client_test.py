#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A stack as the client of kernel servers, and both roles across a line that loses frames.

The far kernel is reached through the near one, which routes between the stack's TAP and a cable of
ours (lossy_link): stack 10.77.0.2 ── near kernel ── lossy ── far kernel 10.78.0.2.
"""
import pathlib
import random
import signal
import socket
import threading

import bench
from bench import HOST4, HOST6, STACK4, TAP

FAR4 = "10.78.0.2"
PORT = 5000


def fnv(data):
    """FNV-1a in 64 bits, as tcp_client computes it."""
    value = 0xcbf29ce484222325
    for byte in data:
        value = ((value ^ byte) * 0x100000001b3) & 0xffffffffffffffff
    return f"{value:016x}"


class Server:
    """One connection of the kernel: sends what it was given, or takes what comes."""

    def __init__(self, host, family, address, payload=None, **options):
        with host.entered():
            self.listener = socket.socket(family)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if "congestion" in options:
            self.listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION,
                                     options["congestion"].encode())
        self.listener.bind((address, PORT))
        self.listener.listen(1)
        self.listener.settimeout(20)
        self.payload, self.got = payload, b""
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        try:
            stream, _ = self.listener.accept()
            stream.settimeout(40)
            if self.payload is not None:
                stream.sendall(self.payload)
                stream.shutdown(socket.SHUT_WR)
            parts = []
            while part := stream.recv(1 << 20):
                parts.append(part)
            self.got = b"".join(parts)
            stream.close()
        except OSError as why:
            self.got = f"server: {why}".encode()

    def end(self):
        self.thread.join(45)
        self.listener.close()
        return self.got


def pattern(size):
    return bytes((at * 31 + (at >> 12)) & 0xff for at in range(size))


def client(lab, host, device, own, peer, *what):
    program = pathlib.Path(lab.program).resolve().parent / "interop/tcp_client_peer"
    return host.run(program, device, own, peer, PORT, *what, timeout=60)


def near(lab):
    """Over a TAP with the kernel at its other end."""
    host = lab.namespace()
    size = 2 << 20
    sent = pattern(size)
    for name, family, own, peer in (
            ("IPv4", socket.AF_INET, f"{STACK4}/24", HOST4),
            ("IPv6", socket.AF_INET6, "fd77::2/64", HOST6)):
        device = f"tap:{TAP},host=10.77.0.1/24,host6=fd77::1/64"
        payload = random.Random(4).randbytes(size)
        server = Server(host, family, "0.0.0.0" if family == socket.AF_INET else "::", payload)
        done = client(lab, host, device, own, peer, "get", 0)
        server.end()
        lab.check(f"{name}: the stack gets 2 MiB from a kernel server",
                  done.stdout.strip() == f"{size} {fnv(payload)}", done.stdout)
        server = Server(host, family, "0.0.0.0" if family == socket.AF_INET else "::")
        done = client(lab, host, device, own, peer, "put", size)
        lab.check(f"{name}: the stack puts 2 MiB to a kernel server", server.end() == sent,
                  done.stdout)
    done = client(lab, host, f"tap:{TAP},host=10.77.0.1/24", f"{STACK4}/24", HOST4, "get", 0)
    lab.check("a port where nobody listens is refused", "refused" in done.stdout, done.stdout)


def lossy(lab, loss, reorder, size):
    """The same behind a cable that loses and reorders, with each control on either side."""
    near_kernel, far_kernel = lab.namespace(), lab.namespace()
    near_kernel.set("ipv4/ip_forward", 1)
    bridge = pathlib.Path(lab.program).resolve().parent / "interop/lossy_link_peer"
    log = lab.folder / f"lossy-{loss}-{reorder}"
    process = near_kernel.start(bridge, "la", "lb", 5, loss, reorder, 7, output=log)
    bench.wait_until(lambda: log.exists() and "up" in log.read_text(), 5)
    near_kernel.must("ip", "link", "set", "lb", "netns", far_kernel.name)
    for host, link, own in ((near_kernel, "la", "10.78.0.1/24"), (far_kernel, "lb", f"{FAR4}/24")):
        host.must("ip", "address", "add", own, "dev", link)
        host.must("ip", "link", "set", link, "up")
    far_kernel.must("ip", "route", "add", "10.77.0.0/24", "via", "10.78.0.1")
    device = f"tap:{TAP},host=10.77.0.1/24"
    sent = pattern(size)
    payload = random.Random(5).randbytes(size)
    for control in ("cubic", "bbr", "reno"):
        for way in ("get", "put"):
            server = Server(far_kernel, socket.AF_INET, FAR4, payload if way == "get" else None,
                            congestion="cubic")
            done = client(lab, near_kernel, device, f"{STACK4}/24", FAR4, way,
                          size if way == "put" else 0, control)
            got = server.end()
            right = got == sent if way == "put" else done.stdout.strip() == f"{size} {fnv(payload)}"
            lab.check(f"{loss / 100} % lost, {reorder / 100} % reordered: {way} with {control}",
                      right, done.stdout)
    bench.end(process, signal.SIGTERM)
    lab.check(f"{loss / 100} %: the line did lose frames", "lost 0," not in log.read_text(),
              log.read_text())


with bench.Bench(needs=[], seconds=240) as test:
    near(test)
    lossy(test, 100, 100, 1 << 20)
    lossy(test, 500, 0, 1 << 19)

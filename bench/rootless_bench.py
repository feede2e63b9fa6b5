#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Claims: without any privilege, programs reach the network through the rootless gateway no slower
than through pasta and slirp4netns, and take half as many connections again.

    bench/rootless_bench.py [NAME] [--rounds N] [--seconds S] [--json FILE]

Contestants take turns (A B A B), as in the other benchmarks. All run as nobody in one network
namespace, the `home`; the other end is the kernel in a second one, over a veth pair. Which inside
end is measured stands in each name: `program` is the same iperf3 or nginx for all, under
`strata run` (tier as the launcher chooses) or in a namespace of the peer's; `native` is `strata up
--serve`, the gateway and the stack alone. STRATA names the program, build/release/strata otherwise.
"""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "harness"))
from results import arguments, chosen, contestant, result, tell, write  # noqa: E402

HOME, AWAY, PORT = "10.98.0.2", "10.98.0.1", 8080
STRATA = os.environ.get("STRATA") or str(
    pathlib.Path(__file__).resolve().parents[1] / "build/release/strata")
NGINX = """daemon off; master_process off; pid {folder}/pid; error_log {folder}/error crit;
events {{ worker_connections 1024; }}
http {{ access_log off; client_body_temp_path {folder}; proxy_temp_path {folder};
 fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
 keepalive_requests 100000000; server {{ listen 8080; location / {{ return 200 "{text}"; }} }} }}
"""
CLAIMS = {
    "rootless/out": ("Gbit/s", "higher", 1.0, "iperf3, one flow, from inside to the kernel"),
    "rootless/in": ("Gbit/s", "higher", 1.0, "iperf3 -R, one flow, from the kernel to inside"),
    "rootless/connections": ("thousand/s", "higher", 1.5,
                             "wrk: connect to a published port, get 64 bytes, close; 8 at once"),
    "rootless/latency": ("us", "lower", 1.0,
                         "wrk: a request of one kept connection to a published port, median"),
}


class Lab:
    """Two namespaces and a cable; what runs in them ends with this object."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="strata-bench-"))
        self.folder.chmod(0o777)
        self.home, self.away = (f"strata-{os.getpid()}-{name}" for name in ("home", "away"))
        self.running = []
        (self.folder / "file").write_text("x" * 64)
        (self.folder / "nginx").write_text(NGINX.format(folder=self.folder, text="x" * 64))
        shutil.copy(STRATA, self.folder / "strata")
        with contextlib.suppress(FileNotFoundError):  # without it programs run in the trap tier
            shutil.copy(pathlib.Path(STRATA).parent / "libstrata_preload.so", self.folder)
        # Peers want TUN, and nobody need not have it: a node of our own, bound over the host's.
        os.mknod(self.folder / "tun", 0o020666, os.makedev(10, 200))
        (self.folder / "tun").chmod(0o666)
        (self.folder / "nobody").write_text(
            f"#!/bin/sh\n[ -z \"$TUN\" ] || mount --bind {self.folder}/tun /dev/net/tun\n"
            "exec setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all "
            f"env HOME={self.folder} XDG_RUNTIME_DIR= \"$@\"\n")
        (self.folder / "nobody").chmod(0o755)

    def __enter__(self):
        def ip(*words):
            subprocess.run(["ip", *words], check=True)
        for name in (self.home, self.away):
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        ip("link", "add", "out", "netns", self.home, "type", "veth", "peer", "name", "in", "netns",
           self.away)
        for name, link, address in ((self.home, "out", HOME), (self.away, "in", AWAY)):
            ip("-n", name, "address", "add", f"{address}/24", "dev", link)
            ip("-n", name, "link", "set", link, "up")
        ip("-n", self.home, "route", "add", "default", "via", AWAY)
        self.start(self.away, "iperf3", "-s")
        return self

    def __exit__(self, *_):
        for process in reversed(self.running):
            self.end(process)
        for name in (self.home, self.away):
            subprocess.run(["ip", "netns", "delete", name], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def nobody(self, *words):
        return [str(self.folder / "nobody"), *map(str, words)]

    def start(self, where, *words, tun=False):
        with open(self.folder / f"log{len(self.running)}", "wb") as log:
            process = subprocess.Popen(
                ["ip", "netns", "exec", where, *words], stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True,
                env={**os.environ, "TUN": "1" if tun else ""})
        self.running.append(process)
        return process

    @staticmethod
    def end(process):
        for how in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, how)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(3)
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                return

    def run(self, where, *words, seconds, tun=False):
        """Its output; empty when it did not end in time. Never waits for what it left behind."""
        process = self.start(where, *words, tun=tun)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds + 15)
        self.running.remove(process)
        self.end(process)
        return (self.folder / f"log{len(self.running)}").read_text(errors="replace")


class Way:
    """How programs inside are run, and a web server inside that answers on HOME:PORT."""

    def __init__(self, lab, name, needs=()):
        self.lab, self.name = lab, name
        self.lacks = next((f"{tool} is not installed" for tool in needs if not shutil.which(tool)),
                          None)

    def inside(self, *words, seconds):
        return self.lab.run(self.lab.home, *self.lab.nobody(*self.program(), *words),
                            seconds=seconds, tun=self.tun)

    @contextlib.contextmanager
    def serving(self):
        process = self.lab.start(self.lab.home, *self.lab.nobody(*self.server()), tun=self.tun)
        try:
            time.sleep(1)
            yield
        finally:
            self.lab.running.remove(process)
            self.lab.end(process)

    def nginx(self):
        return ("nginx", "-c", self.lab.folder / "nginx", "-e", "/dev/null")

    tun = False


class Program(Way):
    def program(self):
        return (self.lab.folder / "strata", "run", "--device", "rootless", "--")

    def server(self):
        return (self.lab.folder / "strata", "run", "-p", f"{PORT}:{PORT}", "--", *self.nginx())


class Native(Way):
    inside = None

    def server(self):
        return (self.lab.folder / "strata", "up", "--serve", f"http={self.lab.folder}:{PORT}",
                "-p", f"{PORT}:{PORT}")


class Pasta(Way):
    tun = True

    def program(self):
        return ("pasta", "--config-net", "--no-map-gw", "--")

    def server(self):
        return ("pasta", "--config-net", "--no-map-gw", "-t", PORT, "--", *self.nginx())


class Slirp(Way):
    """Runs a shell in a namespace of its own, which slirp4netns joins from outside."""
    tun = True
    script = """
unshare --user --map-root-user --net --fork sh -c '
  echo $$ > {folder}/ready; until [ -e {folder}/go ]; do sleep 0.02; done
  exec "$@"' sh "$@" & holder=$!
until [ -s {folder}/ready ]; do sleep 0.02; done
inner=$(pgrep -P $holder | head -1)
slirp4netns --configure --mtu=65520 --disable-host-loopback --api-socket {folder}/api \
  $inner tap0 >/dev/null 2>&1 & slirp=$!
until [ -S {folder}/api ]; do sleep 0.02; done
sleep 0.3; [ -z "{forward}" ] || python3 -c '{forward}'
touch {folder}/go; wait $holder; kill $slirp; rm -f {folder}/ready {folder}/go {folder}/api
"""

    def shell(self, forward=""):
        for left in ("ready", "go", "api"):
            (self.lab.folder / left).unlink(missing_ok=True)
        return ("bash", "-c", self.script.format(folder=self.lab.folder, forward=forward), "bash")

    def program(self):
        return self.shell()

    def server(self):
        (self.lab.folder / "ask").write_text(json.dumps({
            "execute": "add_hostfwd", "arguments": {
                "proto": "tcp", "host_addr": "0.0.0.0", "host_port": PORT, "guest_port": PORT}}))
        forward = ('import socket; s = socket.socket(socket.AF_UNIX); '
                   f's.connect("{self.lab.folder}/api"); '
                   f's.sendall(open("{self.lab.folder}/ask", "rb").read()); s.recv(100)')
        return (*self.shell(forward), *self.nginx())


def bulk(way, seconds, *flags):
    if way.inside is None:
        return None
    text = way.inside("iperf3", "-c", AWAY, "-t", str(seconds), "-J", *flags, seconds=seconds)
    found = re.search(r'"sum_received":\s*{[^}]*"bits_per_second":\s*([\d.e+]+)', text)
    return float(found.group(1)) / 1e9 if found else 0.0


def web(way, seconds, *flags):
    with way.serving():
        return way.lab.run(way.lab.away, "wrk", "-t1", "--latency", f"-d{seconds}s", *flags,
                           f"http://{HOME}:{PORT}/file", seconds=seconds)


def connections(way, seconds):
    text = web(way, seconds, "-c8", "-H", "Connection: close")
    found = re.search(r"Requests/sec:\s+([\d.]+)", text)
    return float(found.group(1)) / 1000 if found else 0.0


def latency(way, seconds):
    found = re.search(r"50%\s+([\d.]+)(us|ms|s)", web(way, seconds, "-c1"))
    return float(found.group(1)) * {"us": 1, "ms": 1e3, "s": 1e6}[found.group(2)] if found else 0.0


MEASURES = {
    "rootless/out": bulk,
    "rootless/in": lambda way, seconds: bulk(way, seconds, "-R"),
    "rootless/connections": connections,
    "rootless/latency": latency,
}


def measure(name, ways, options):
    unit, better, ratio_goal, claim = CLAIMS[name]
    load = os.getloadavg()[0]
    samples = {way.name: [] for way in ways}
    for _ in range(options.rounds):
        for way in ways:
            if way.lacks:
                continue
            value = MEASURES[name](way, max(1, round(options.seconds / options.rounds)))
            if value is not None:
                samples[way.name].append(value)
    contestants = [contestant(way.name, samples[way.name], way.lacks) for way in ways]
    peers = [one for one in contestants if "strata" not in one["name"] and "median" in one]
    if name == "rootless/connections":
        peers = [one for one in peers if one["name"].startswith("pasta")]
    best = (max if better == "higher" else min)(peers, key=lambda one: one["median"], default=None)
    return result(name, unit, better, claim, load, contestants, ratio_goal,
                  best["name"] if best else None)


def main():
    options = arguments(__doc__.split("\n\n", maxsplit=1)[0], rounds=5, seconds=10).parse_args()
    if options.smoke:
        options.rounds, options.seconds = 1, 1
    names = chosen(options, CLAIMS, "rootless")
    with Lab() as lab:
        needs = ("iperf3", "nginx", "wrk")
        ways = [Program(lab, "strata, program", needs), Native(lab, "strata, native", ("wrk",)),
                Pasta(lab, "pasta, program", ("pasta", *needs)),
                Slirp(lab, "slirp4netns, program", ("slirp4netns", *needs))]
        results = []
        for name in names:
            results.append(measure(name, ways, options))
            tell(results[-1])
    write(options.json, results)
    return 0


if __name__ == "__main__":
    sys.exit(main())

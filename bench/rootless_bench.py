#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Claims: without any privilege, programs reach the network through the rootless gateway no slower
than through pasta and slirp4netns, and take half as many connections again.

    bench/rootless_bench.py [NAME] [--rounds N] [--seconds S] [--json FILE] [--markdown FILE]

Contestants take turns (A B A B), as in the other benchmarks. All run as nobody in one network
namespace, the `home`; the other end is the kernel in a second one, over a veth pair. Which inside
end is measured stands in each name: `program` is the same iperf3 or nginx for all, under
`strata run` (tier as the launcher chooses) or in a namespace of the peer's; `native` is `strata up
--serve`, the gateway and the stack alone. STRATA names the program, build/release/strata otherwise.
"""
import argparse
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

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
    contestants = []
    for way in ways:
        got = samples[way.name]
        if way.lacks:
            contestants.append({"name": way.name, "unavailable": way.lacks})
        elif got:
            contestants.append({"name": way.name, "median": statistics.median(got),
                                "min": min(got), "max": max(got), "samples": got})
    result = {"name": name, "unit": unit, "better": better, "load": load, "claim": claim,
              "ratio_goal": ratio_goal, "contestants": contestants}
    ran = [one for one in contestants if one.get("median")]
    peers = [one["median"] for one in ran if "strata" not in one["name"]]
    if name == "rootless/connections":
        peers = [one["median"] for one in ran if one["name"].startswith("pasta")]
    if peers and ran[0]["name"].startswith("strata"):
        best = max(peers) if better == "higher" else min(peers)
        result["ratio"] = ran[0]["median"] / best
        result["reaches_goal"] = (result["ratio"] >= ratio_goal if better == "higher"
                                  else result["ratio"] <= ratio_goal)
    return result


def tell(result):
    print(f"{result['name']}  ({result['unit']}, "
          f"{'more' if result['better'] == 'higher' else 'less'} is better, "
          f"load {result['load']:.1f})\n  {result['claim']}")
    for one in result["contestants"]:
        print(f"    {one['name']:<34} " +
              (f"not available: {one['unavailable']}" if "unavailable" in one else
               f"{one['median']:.3g} [{one['min']:.3g} - {one['max']:.3g}]"))
    if "ratio" in result:
        print(f"    ratio to the better peer: {result['ratio']:.2f}, "
              f"goal {result['ratio_goal']}: {'reached' if result['reaches_goal'] else 'missed'}")
    sys.stdout.flush()


def markdown(results):
    """The same columns, and the same number of lines above them, as those of the programs."""
    lines = [f"{os.cpu_count()} cores, {os.uname().release}. Median [min - max] over the rounds.",
             "",
             "| benchmark | unit | Strata | peers in the same run | ratio | goal | load |",
             "|---|---|---|---|---|---|---|"]
    for result in results:
        cells = {True: [], False: []}
        for one in result["contestants"]:
            told = (f"not available: {one['unavailable']}" if "unavailable" in one else
                    f"{one['median']:.3g} [{one['min']:.3g} - {one['max']:.3g}]")
            cells["strata" in one["name"]].append(f"{one['name']}: {told}")
        relation = ">=" if result["better"] == "higher" else "<="
        verdict = {True: " reached", False: " missed", None: ""}[result.get("reaches_goal")]
        lines.append(f"| {result['name']} | {result['unit']} | {'<br>'.join(cells[True])} | "
                     f"{'<br>'.join(cells[False])} | {result.get('ratio', 0):.2f} | "
                     f"{relation} {result['ratio_goal']}x peer{verdict} | {result['load']:.1f} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("name", nargs="?", default="")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--json")
    parser.add_argument("--markdown")
    options = parser.parse_args()
    if options.smoke:
        options.rounds, options.seconds = 1, 1
    chosen = [name for name in CLAIMS if options.name in name]
    if options.list:
        print("\n".join(chosen))
    if options.list or not chosen:
        return 0 if chosen else 3
    if os.geteuid() != 0:
        print("rootless: not available: network namespaces need root", file=sys.stderr)
        return 0 if not (options.json or options.markdown) else 1
    with Lab() as lab:
        needs = ("iperf3", "nginx", "wrk")
        ways = [Program(lab, "strata, program", needs), Native(lab, "strata, native", ("wrk",)),
                Pasta(lab, "pasta, program", ("pasta", *needs)),
                Slirp(lab, "slirp4netns, program", ("slirp4netns", *needs))]
        results = []
        for name in chosen:
            results.append(measure(name, ways, options))
            tell(results[-1])
    for path, text in ((options.json, json.dumps({"machine": {"host": socket.gethostname()},
                                                  "results": results}, indent=1)),
                       (options.markdown, markdown(results))):
        if path == "-":
            print(text)
        elif path:
            pathlib.Path(path).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())

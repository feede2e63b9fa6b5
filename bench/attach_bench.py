#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Programs of others under `strata run`, both ends joined by a pipe, beside the kernel's loopback.

    bench/attach_bench.py [NAME] [--rounds N] [--tier TIER] [--json FILE]

redis-benchmark with 50 clients, with pipelines of 16, with one client; iperf3 with one flow. The
contestants take turns, and a figure is the median of the rounds. STRATA names the program
(build/release/strata). What is missing on this machine is said and left out.
"""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "harness"))
from results import arguments, chosen, contestant, result, tell, write  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[1]
PROGRAM = os.environ.get("STRATA") or str(ROOT / "build/release/strata")
PIPE = f"bench-{os.getpid()}"
SERVER4, CLIENT4 = "10.99.0.1", "10.99.0.2"
REDIS = [("redis/50", "GET of 50 clients", 1.0, ["-c", "50", "-n", "60000"]),
         ("redis/50x16", "GET of 50 clients, 16 in flight each", 1.5,
          ["-c", "50", "-P", "16", "-n", "400000"]),
         ("redis/1", "GET of one client", 0.7, ["-c", "1", "-n", "10000"])]


class Side:
    """Where a program runs: the kernel's loopback, or a stack of its own at one end of a pipe."""

    def __init__(self, tier):
        self.tier = tier
        self.name = f"strata run, {tier}" if tier else "kernel loopback"
        self.address = SERVER4 if tier else "127.0.0.1"

    def command(self, words, own):
        if not self.tier:
            return words
        return [PROGRAM, "run", "--tier", self.tier, "--device", f"pipe:{PIPE}", "--address",
                f"{own}/24", "--", *words]

    @contextlib.contextmanager
    def server(self, words):
        process = subprocess.Popen(self.command(words, SERVER4), stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        time.sleep(1)
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(15)

    def client(self, words, seconds=120):
        done = subprocess.run(self.command(words, CLIENT4), capture_output=True, text=True,
                              timeout=seconds, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{words[0]}: {done.stdout[-300:]} {done.stderr[-300:]}")
        return done.stdout


def redis_rate(side, flags):
    """Thousands of requests a second."""
    served = ["redis-server", "--port", "6399", "--bind", "0.0.0.0", "--save", "",
              "--protected-mode", "no"]
    with side.server(served):
        text = side.client(["redis-benchmark", "-h", side.address, "-p", "6399", "-t", "get", "-q",
                            *flags])
    return float(re.findall(r"([\d.]+) requests per second", text)[-1]) / 1000


def iperf3_rate(side):
    """Gigabits a second."""
    with side.server(["iperf3", "-s", "-1", "-p", "5299"]):
        text = side.client(["iperf3", "-c", side.address, "-p", "5299", "-t", "3", "-J"])
    return json.loads(text)["end"]["sum_received"]["bits_per_second"] / 1e9


def benchmarks():
    for name, claim, goal, flags in REDIS:
        if shutil.which("redis-server") and shutil.which("redis-benchmark"):
            yield name, claim, "thousand/s", goal, lambda side, flags=flags: redis_rate(side, flags)
    if shutil.which("iperf3"):
        yield "iperf3/1", "one TCP flow", "Gbit/s", 0.4, iperf3_rate


def measure(name, claim, unit, goal, run, sides, rounds):
    load = os.getloadavg()[0]
    samples = {side.name: [] for side in sides}
    for _ in range(rounds):
        for side in sides:
            samples[side.name].append(run(side))
    contestants = [contestant(side.name, samples[side.name]) for side in sides]
    return result(f"attach/{name}", unit, "higher", claim, load, contestants, goal, sides[-1].name)


def main():
    parser = arguments(__doc__.splitlines()[0], rounds=3, seconds=3)
    parser.add_argument("--tier", action="append", choices=("preload", "trap"))
    given = parser.parse_args()
    found = {f"attach/{name}": (name, *rest) for name, *rest in benchmarks()}
    names = chosen(given, found, "attach", needs_root=False)
    if not os.access(PROGRAM, os.X_OK):
        sys.exit(f"{PROGRAM} is not built")
    sides = [Side(tier) for tier in given.tier or ("preload", "trap")] + [Side("")]
    results = []
    for name, *rest in (found[each] for each in names):
        results.append(measure(name, *rest, sides, 1 if given.smoke else given.rounds))
        tell(results[-1])
    write(given.json, results)
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Claims: two cores serve 1.7 times what one serves, on one address and port.

    bench/cores_bench.py [NAME] [--rounds N] [--seconds S] [--cores N] [--json FILE]

`strata up` with one core and with several take turns (A B A B), over TAP with a queue a core; the
kernel's clients are spread over the cores by the hash of their ports. The clients need cores, too:
with fewer than twice as many as are measured both sides share them, and the ratio says little. Work
for each second of processor that the server used stands beside each rate: that hardly depends on
others. STRATA names the program, build/release/strata otherwise.
"""
import contextlib
import json
import multiprocessing
import os
import pathlib
import re
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "harness"))
from results import arguments, chosen, contestant, result, tell, write  # noqa: E402
from strata_up import STACK, namespace, processor_seconds, serving  # noqa: E402

CLAIMS = {
    "cores/echo": ("thousand/s", "UDP echo of 64 bytes, 8 in flight for each of 64 sockets"),
    "cores/connections": ("thousand/s", "connect, get 64 bytes over HTTP, close; 64 at once (wrk)"),
}
RATIO_GOAL = 1.7


def crossings(folder):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(f"{folder}/control")
        client.sendall(b'{"command":"status"}\n')
        told = json.loads(client.makefile("rb").readline())["stacks"][0]
    lines = told.get("cores", [])
    received = sum(line.get("received_packets", 0) for line in lines)
    return sum(line.get("handed_over", 0) for line in lines) / received if received else 0.0


def echo_client(home, seconds, sockets, answers):
    """Keeps eight datagrams in flight on each of its sockets; a lost one is sent again."""
    descriptor = os.open(f"/run/netns/{home}", os.O_RDONLY)
    import ctypes  # pylint: disable=import-outside-toplevel
    ctypes.CDLL(None, use_errno=True).setns(descriptor, 0x40000000)
    clients = []
    poll = select.epoll()
    for _ in range(sockets):
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        client.connect((STACK, 7))
        client.setblocking(False)
        poll.register(client, select.EPOLLIN)
        clients.append(client)
    by_number = {client.fileno(): client for client in clients}
    payload = b"x" * 64
    count, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        ready = poll.poll(0.05)
        if not ready:  # at the beginning, and when all were lost
            for client in clients:
                for _ in range(8):
                    with contextlib.suppress(OSError):
                        client.send(payload)
        for number, _ in ready:
            client = by_number[number]
            with contextlib.suppress(OSError):
                while True:
                    client.recv(100)
                    count += 1
                    client.send(payload)
    answers.put(count)


def echo(home, seconds, _folder):
    processes = max(2, os.cpu_count() // 2)
    answers = multiprocessing.Queue()
    clients = [multiprocessing.Process(target=echo_client,
                                       args=(home, seconds, 64 // processes, answers))
               for _ in range(processes)]
    for client in clients:
        client.start()
    total = sum(answers.get() for _ in clients)
    for client in clients:
        client.join()
    return total


def connections(home, seconds, _folder):
    threads = max(2, os.cpu_count() // 2)
    done = subprocess.run(
        ["ip", "netns", "exec", home, "wrk", f"-t{threads}", "-c64", f"-d{seconds}s",
         "-H", "Connection: close", f"http://{STACK}/file"],
        stdout=subprocess.PIPE, text=True, check=False)
    found = re.search(r"(\d+) requests in", done.stdout)
    return int(found.group(1)) if found else 0


MEASURES = {"cores/echo": (echo, ()), "cores/connections": (connections, ("wrk",))}


def measure(name, options, home, folder):
    unit, claim = CLAIMS[name]
    run, needs = MEASURES[name]
    lacks = "".join(f"{tool} is not installed" for tool in needs if shutil.which(tool) is None)
    load = os.getloadavg()[0]
    seconds = max(1, round(options.seconds / options.rounds))
    kinds = {f"{cores} {'core' if cores == 1 else 'cores'}": cores for cores in (options.cores, 1)}
    rates = {kind: [] for kind in kinds}
    costs = {kind: [] for kind in kinds}
    across = {kind: [] for kind in kinds}
    for _ in range(0 if lacks else options.rounds):
        for kind, cores in kinds.items():
            words = ("--cores", str(cores), "--serve", "echo", "--serve", f"http={folder}",
                     "--control", f"{folder}/control")
            with serving(home, words, queues=cores) as process:
                before, began = processor_seconds(process.pid), time.monotonic()
                count = run(home, seconds, folder)
                took = time.monotonic() - began
                rates[kind].append(count / took / 1000)
                used = max(processor_seconds(process.pid) - before, 0.01)
                costs[kind].append(count / used / 1000)
                across[kind].append(crossings(folder))
    made = [contestant(kind, rates[kind], lacks) for kind in kinds]
    for one in made:
        if "details" in one:
            one["details"] = {"thousand per second of processor": max(costs[one["name"]]),
                              "of frames handed over": max(across[one["name"]])}
    return result(name, unit, "higher", claim, load, made, RATIO_GOAL)


def main():
    parser = arguments(__doc__.split("\n\n", maxsplit=1)[0], rounds=3, seconds=9)
    parser.add_argument("--cores", type=int, default=2)
    options = parser.parse_args()
    if options.smoke:
        options.rounds, options.seconds = 1, 1
    names = chosen(options, CLAIMS, "cores")
    results = []
    with namespace("cores") as home, tempfile.TemporaryDirectory(prefix="strata-bench-") as folder:
        (pathlib.Path(folder) / "file").write_text("x" * 64, encoding="utf-8")
        for name in names:
            results.append(measure(name, options, home, folder))
            tell(results[-1])
    write(options.json, results)
    return 0


if __name__ == "__main__":
    sys.exit(main())

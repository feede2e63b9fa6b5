# SPDX-License-Identifier: Apache-2.0
"""The same dumbbell in ns-3 and in a lab of ours: bench/ns3/dumbbell.cpp draws it."""
import dataclasses
import glob
import json
import os
import pathlib
import re
import shutil
import subprocess
import time

from strata_up import STRATA

SOURCE = pathlib.Path(__file__).resolve().parents[1] / "ns3/dumbbell.cpp"
MODULES = ("applications", "core", "internet", "network", "point-to-point",
           "point-to-point-layout", "traffic-control", "bridge", "mpi", "stats")
LAB = """title = "dumbbell"
until = "{until}s"
sample = "10ms"

[[topology]]
kind = "dumbbell"
hosts = {flows}
tcp = {{ initial_window = "10", send_buffer = "16777216", receive_buffer = "16777216", \
super_segments = "{super_segments}" }}
access = {{ rate = "{access}Mbit/s", delay = "1ms", queue_packets = 10000 }}
trunk = {{ rate = "{rate}Mbit/s", delay = "10ms", queue_packets = {queue} }}
"""
FLOW = """
[[traffic]]
name = "flow{number}"
kind = "bulk"
from = "left{number}"
to = "right{number}"
start = "{start}ms"
congestion = "{algorithm}"
"""
ALGORITHMS = {"cubic": "TcpCubic", "reno": "TcpLinuxReno"}


@dataclasses.dataclass(frozen=True)
class Dumbbell:
    """Rates in Mbit/s. What happens before `since` is not looked at."""
    flows: int = 2
    algorithm: str = "cubic"
    rate: int = 100
    access: int = 1000
    queue: int = 250
    spacing: int = 100  # ms between the beginnings of flows
    hystart: bool = False  # of ns-3's CUBIC; ours has it
    super_segments: str = "off"  # of ours; ns-3 sends what an ACK frees, one by one
    since: int = 10
    until: int = 40


@dataclasses.dataclass(frozen=True)
class Outcome:
    goodput: list  # Mbit/s of each flow
    queue: float   # packets, the mean over time
    packets: int   # of data that the bottleneck carried, from the beginning
    seconds: float  # of the clock on the wall


def absence():
    """Why there is no ns-3 here; empty when there is."""
    if shutil.which("g++") is None:
        return "g++ is not installed"
    return "" if os.path.exists("/usr/include/ns3/core-module.h") else "libns3-dev is not installed"


def compiled(folder):
    """The path of the program. ns-3's headers want C++17, and its pkg-config files do not work."""
    program = pathlib.Path(folder) / "dumbbell"
    # Debian calls them libns3.37-core.so, others libns3-core.so; not every build has all modules.
    libraries = [path for module in MODULES for path in glob.glob(f"/usr/lib/*/libns3*-{module}.so")
                 if re.search(rf"libns3[\d.]*-{module}\.so$", path)]
    subprocess.run(["g++", "-std=c++17", "-O2", "-w", str(SOURCE), "-o", str(program),
                    *libraries], check=True)
    return program


def theirs(program, wish):
    began = time.monotonic()
    done = subprocess.run(
        [str(program), f"--flows={wish.flows}", f"--algorithm={ALGORITHMS[wish.algorithm]}",
         f"--rate={wish.rate}Mbps", f"--access={wish.access}Mbps", f"--queue={wish.queue}",
         f"--spacing={wish.spacing / 1000}", f"--hystart={wish.hystart}",
         f"--from={wish.since}", f"--until={wish.until}"],
        stdout=subprocess.PIPE, text=True, check=True)
    took = time.monotonic() - began
    told = json.loads(done.stdout)
    return Outcome(told["goodput_mbit_s"], told["queue_mean"], told["packets"], took)


def ours(folder, wish):
    lab = pathlib.Path(folder) / "dumbbell.toml"
    lab.write_text(LAB.format(**dataclasses.asdict(wish)) + "".join(
        FLOW.format(number=number + 1, start=wish.spacing * number, algorithm=wish.algorithm)
        for number in range(wish.flows)), encoding="utf-8")
    began = time.monotonic()
    done = subprocess.run([STRATA, "sim", str(lab), "--json"], stdout=subprocess.PIPE, text=True,
                          check=True)
    took = time.monotonic() - began
    told = json.loads(done.stdout)
    late = [at for at, when in enumerate(told["times"]) if when > wish.since]
    trunk = next(link for link in told["links"] if link["name"] == "r1-r2")

    def mean(values):
        return sum(values[at] or 0 for at in late) / len(late)
    return Outcome([mean(flow["goodput_mbit_s"]) for flow in told["flows"]],
                   mean(trunk["queue_packets"]), trunk["delivered_frames"], took)

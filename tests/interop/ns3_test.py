#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""sim beside ns-3: the same dumbbell, with one, two and ten flows of CUBIC and of Reno. Goodput
within five per cent, the bottleneck's mean queue within fifteen. Only with STRATA_FULL: ns-3 takes
a minute for each."""
import os
import pathlib
import sys
import tempfile

import bench

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench/harness"))
import ns3  # noqa: E402


def check(lab, program, folder, wish):
    ours, theirs = ns3.ours(folder, wish), ns3.theirs(program, wish)
    what = f"{wish.flows} of {wish.algorithm}"
    sums = sum(ours.goodput), sum(theirs.goodput)
    lab.check(f"{what}: goodput within 5 per cent", abs(sums[0] / sums[1] - 1) < 0.05,
              f"{sums[0]:.2f} {sums[1]:.2f} Mbit/s")
    lab.check(f"{what}: queue within 15 per cent", abs(ours.queue / theirs.queue - 1) < 0.15,
              f"{ours.queue:.1f} {theirs.queue:.1f} packets")


absent = ns3.absence() if os.environ.get("STRATA_FULL") else "only with STRATA_FULL=1"
if absent:
    bench.skip(absent)
with bench.Bench(seconds=1500) as test, tempfile.TemporaryDirectory() as name:
    made = ns3.compiled(name)
    for algorithm in ("cubic", "reno"):
        for flows in (1, 2, 10):
            check(test, made, name, ns3.Dumbbell(flows=flows, algorithm=algorithm))

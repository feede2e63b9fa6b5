#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Claims: a lab carries at least fifty times the packets that ns-3 carries in the same time.

    bench/ns3_bench.py [NAME] [--rounds N] [--json FILE]

The same dumbbell in both: ten flows of CUBIC with 100 Mbit/s each over a bottleneck that has as
much, one core. Contestants take turns (A B A B). The time is that of the whole program, start and
report included. tests/interop/ns3_test.py looks whether both say the same of the network.
"""
import dataclasses
import os
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "harness"))
import ns3  # noqa: E402
from results import arguments, chosen, contestant, result, tell, write  # noqa: E402

NAME = "sim/ns3"
WISH = ns3.Dumbbell(flows=10, rate=1000, access=100, queue=1000, hystart=True,
                    super_segments="on", since=0, until=2)
LONGER = dataclasses.replace(WISH, until=20)  # ours: what begins and ends a program would show


def main():
    options = arguments(__doc__.split("\n\n", maxsplit=1)[0], rounds=3, seconds=0).parse_args()
    if options.smoke:
        options.rounds = 1
    chosen(options, [NAME], "ns3", needs_root=False)
    lacks = ns3.absence()
    load = os.getloadavg()[0]
    rates = {"strata": [], "ns-3": []}
    with tempfile.TemporaryDirectory(prefix="strata-bench-") as folder:
        program = None if lacks else ns3.compiled(folder)
        for _ in range(options.rounds):
            done = ns3.ours(folder, LONGER)
            rates["strata"].append(done.packets / done.seconds / 1000)
            if program is not None:
                done = ns3.theirs(program, WISH)
                rates["ns-3"].append(done.packets / done.seconds / 1000)
    made = [contestant("strata", rates["strata"]), contestant("ns-3", rates["ns-3"], lacks)]
    results = [result(NAME, "thousand/s", "higher",
                      "packets of data through the bottleneck of ten flows, a second of the wall",
                      load, made, 50)]
    tell(results[0])
    write(options.json, results)
    return 0


if __name__ == "__main__":
    sys.exit(main())

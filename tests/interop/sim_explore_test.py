#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""sim --explore and --replay: nothing of ours is found; a trial from a file is the same run each
time; what does not fit is said."""
import json
import os
import pathlib
import subprocess
import tempfile

import bench

LAB = """
until = "3s"
[[host]]
name = "a"
[[host]]
name = "b"
[[link]]
between = ["a", "b"]
rate = "10Mbit/s"
delay = "10ms"
loss = "1%"
[[traffic]]
name = "bulk"
kind = "bulk"
from = "a"
to = "b"
bytes = "60KB"
[[traffic]]
name = "udp"
kind = "udp"
from = "b"
to = "a"
every = "20ms"
"""


def sim(lab, folder, *words):
    return subprocess.run([lab.program, "sim", *words], capture_output=True, text=True,
                          timeout=120, check=False, cwd=folder)


def check_explore(lab, folder):
    done = sim(lab, folder, "lab.toml", "--explore", "--seeds", "1..20", "--jobs", "2")
    lab.check("nothing is broken in twenty seeds",
              done.returncode == 0 and "20 seeds" in done.stdout, done.stdout + done.stderr)
    told = json.loads(sim(lab, folder, "lab.toml", "--explore", "--seeds", "1..3",
                          "--json").stdout)
    lab.check("JSON says the same", told["seeds"] == 3 and told["finding"] is None, told)
    (folder / "quiet.toml").write_text(LAB.split("[[traffic]]", maxsplit=1)[0], encoding="utf-8")
    empty = sim(lab, folder, "quiet.toml", "--explore", "--seeds", "1..2")
    lab.check("a lab without conversations is refused",
              empty.returncode == 1 and "no conversation" in empty.stderr, empty.stderr)
    both = sim(lab, folder, "lab.toml", "--explore", "--plot", "x.svg")
    lab.check("--explore draws nothing", both.returncode == 2, both.stderr)


def check_replay(lab, folder):
    (folder / "one.trial").write_text("seed 4\nchance off\nlose a-b 3\nhold b-a 2 30ms\n"
                                      "read_pause bulk.server 9000 1s\n", encoding="utf-8")
    runs = [sim(lab, folder, "lab.toml", "--replay", "one.trial", "--json") for _ in range(2)]
    lab.check("a trial from a file runs",
              [run.returncode for run in runs] == [0, 0], runs[0].stdout + runs[0].stderr)
    first, again = (json.loads(run.stdout) for run in runs)
    lab.check("and is the same run each time", first == again and len(first["items"]) == 3, first)
    captured = sim(lab, folder, "lab.toml", "--replay", "one.trial", "--captures", "frames")
    lab.check("its frames can be captured",
              captured.returncode == 0 and (folder / "frames" / "a-b.pcapng").stat().st_size > 1000,
              captured.stderr)
    (folder / "wrong.trial").write_text("seed 4\nlose a-c 3\n", encoding="utf-8")
    wrong = sim(lab, folder, "lab.toml", "--replay", "wrong.trial")
    lab.check("what does not fit the lab is said",
              wrong.returncode == 1 and "no link 'a-c'" in wrong.stderr, wrong.stderr)
    missing = sim(lab, folder, "lab.toml", "--replay", "none.trial")
    lab.check("so is a file that is not there", missing.returncode == 1, missing.stderr)


with bench.Bench() as test, tempfile.TemporaryDirectory() as name:
    test.program = os.path.abspath(test.program)  # what it writes is for this folder
    place = pathlib.Path(name)
    (place / "lab.toml").write_text(LAB, encoding="utf-8")
    check_explore(test, place)
    check_replay(test, place)

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""sim: labs from files. The same seed twice is the same run; tshark reads what was captured; what
is wrong with a lab is said before anything runs; Ctrl-C tells what was gathered."""
import json
import pathlib
import signal
import subprocess
import tempfile
import time
import xml.etree.ElementTree as xml

import bench

LABS = pathlib.Path(__file__).resolve().parents[2] / "labs"
LAB = str(LABS / "bufferbloat.toml")


def sim(lab, *words):
    return subprocess.run([lab.program, "sim", *words], capture_output=True, text=True,
                          timeout=120, check=False)


def check_runs(lab, folder):
    first, again = (json.loads(sim(lab, LAB, "--json").stdout) for _ in range(2))
    lab.check("the same seed is the same run", first["packet_hash"] == again["packet_hash"])
    readme = (LABS.parent / "README.md").read_text(encoding="utf-8")
    told = sim(lab, LAB).stdout.splitlines()
    lab.check("the README shows this run", set(told[:3]) <= set(readme.splitlines()), told[:3])
    other = json.loads(sim(lab, LAB, "--json", "--seed", "7").stdout)
    lab.check("another seed is another run", other["packet_hash"] != first["packet_hash"])
    game = next(flow for flow in first["flows"] if flow["name"] == "game")
    lab.check("the queue shows in the ping's time",
              max(game["times_ms"]) > 300 and min(game["times_ms"]) < 40, max(game["times_ms"]))
    text = pathlib.Path(LAB).read_text(encoding="utf-8")
    cured = folder / "cured.toml"
    cured.write_text(text.replace('queue = "tail"', 'queue = "fq_codel"'), encoding="utf-8")
    told = json.loads(sim(lab, str(cured), "--json").stdout)
    game = next(flow for flow in told["flows"] if flow["name"] == "game")
    lab.check("and is gone with fq_codel", max(game["times_ms"]) < 60, max(game["times_ms"]))
    lines = sim(lab, LAB, "--seeds", "1..3", "--until", "3s").stdout.splitlines()
    lab.check("three seeds, three lines", [line.split()[1] for line in lines] == ["1", "2", "3"],
              lines)
    lab.check("a download of the last second is a third of that in all",
              all(float(line.split()[5]) < 5 for line in lines), lines)
    jobs = sim(lab, LAB, "--seeds", "1..3", "--until", "3s", "--jobs", "2").stdout.splitlines()
    lab.check("two jobs tell what one tells", jobs == lines, jobs)


def check_files(lab, folder):
    done = sim(lab, LAB, "--until", "4s", "--plot", str(folder / "x.svg"), "--captures",
               str(folder / "captures"))
    lab.check("it draws and captures", done.returncode == 0 and "download" in done.stdout,
              done.stderr)
    lab.check("the picture is SVG", xml.parse(folder / "x.svg").getroot().tag.endswith("svg"))
    capture = folder / "captures" / "provider-home.pcapng"
    told = subprocess.run(["tshark", "-r", str(capture), "-Y", "tcp.analysis.flags || icmp || tcp",
                           "-T", "fields", "-e", "_ws.malformed", "-e", "frame.time_relative"],
                          capture_output=True, text=True, timeout=60, check=False)
    lines = told.stdout.splitlines()
    lab.check("tshark reads the frames of the slow link",
              len(lines) > 1000 and all(line.startswith("\t") for line in lines), told.stderr)
    done = sim(lab, LAB, "--until", "4s", "--plot", str(folder / "x.png"))
    lab.check("or PNG", done.returncode == 0
              and (folder / "x.png").read_bytes().startswith(b"\x89PNG\r\n"), done.stderr)
    wrong = sim(lab, LAB, "--plot", str(folder / "x.jpg"))
    lab.check("other endings are refused", wrong.returncode == 2 and ".svg or .png" in wrong.stderr,
              wrong.stderr)
    wrong = sim(lab, LAB, "--until", "1s", "--plot", "/no/such/folder/x.svg")
    lab.check("a picture that cannot be written is said",
              wrong.returncode == 1 and "cannot be written" in wrong.stderr, wrong.stderr)
    (folder / "full.svg").symlink_to("/dev/full")
    for flag in ("--plot", "--plot-cdf", "--plot-sequence", "--csv", "--trace"):
        full = sim(lab, LAB, "--until", "3s", flag, str(folder / "full.svg"))
        lab.check(f"so is a full disk, of {flag}",
                  full.returncode == 1 and "cannot be written" in full.stderr, full.stderr)
    table, trace = folder / "x.csv", folder / "x.trace"
    done = sim(lab, LAB, "--until", "4s", "--csv", str(table), "--trace", str(trace))
    lines = table.read_text(encoding="utf-8").splitlines()
    lab.check("a table has a line each sample",
              len(lines) == 41 and lines[0].startswith("seconds,"), done.stderr)
    text = trace.read_text(encoding="utf-8")
    lab.check("a trace has what was sent and dropped", " sent IP " in text, text[:200])


def check_complaints(lab, folder):
    for text, wanted in (("[[host]]\nname = 1\n", ":2: host.name: expected a string"),
                         ("[[link]]\nbetween = [\"a\", \"b\"]\n", "there is no node 'a'"),
                         ("", "host: missing")):
        file = folder / "wrong.toml"
        file.write_text(text, encoding="utf-8")
        done = sim(lab, str(file))
        lab.check(f"complains: {wanted}", done.returncode == 1 and wanted in done.stderr,
                  done.stderr)
    for words, status in ((["/no/such/lab.toml"], 1), ([], 2), ([LAB, "--seeds", "9..1"], 2),
                          ([LAB, "--until", "soon"], 2),
                          ([LAB, "--jobs", "2"], 2), ([LAB, "--seeds", "1..2", "--jobs", "0"], 2),
                          ([LAB, "--seed", "1", "--seeds", "1..2"], 2)):
        done = sim(lab, *words)
        lab.check(f"sim {words[-1:]}: status {status}", done.returncode == status, done.stderr)


def check_interruption(lab):
    process = subprocess.Popen([lab.program, "sim", LAB, "--until", "100h"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    lab.check("Ctrl-C tells what was gathered",
              process.returncode == 1 and "stopped before its end" in out, err)


with bench.Bench(needs=["tshark"]) as test:
    with tempfile.TemporaryDirectory() as name:
        check_runs(test, pathlib.Path(name))
        check_files(test, pathlib.Path(name))
        check_complaints(test, pathlib.Path(name))
    check_interruption(test)

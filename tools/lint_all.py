#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs clang-tidy over many files, several read as one.

Usage: lint_all.py BUILD_FOLDER FILE...     (BUILD_FOLDER has compile_commands.json)

Most of clang-tidy's time goes into matching the headers that nearly every file of a folder shares.
So files with the same command are joined, up to BATCH_SIZE at a time, and looked at once. Names
that two of them keep in an unnamed namespace would collide: each file's is given a name of its
own. What does not compile when joined is halved until it does, and a batch with findings is looked
at again file by file, so that what is reported is what clang-tidy says of the file itself.
"""
import json
import os
import pathlib
import shlex
import subprocess
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

BATCH_SIZE = 8
# The analyzer's longest paths take four fifths of the time and find next to nothing: the product is
# given a seventh of them, tests and tools none. What changed is given all of them (lint.sh).
PRODUCT = ("src/", "apps/")
DEPTH = ["-Xclang", "-analyzer-config", "-Xclang", "max-nodes=30000"]
ROOT = pathlib.Path(__file__).resolve().parent.parent


def command_flags(entry):
    """The compiler's arguments without its name, the source and the object."""
    words = shlex.split(entry["command"])[1:]
    for flag in ("-o", "-c"):
        at = words.index(flag)
        del words[at : at + 2]
    return tuple(words)


def batches(database, files):
    """(flags, files): at most BATCH_SIZE files each, of one command and one folder of the tree."""
    alike = defaultdict(list)
    for file in files:
        flags = command_flags(database[str(ROOT / file)])
        alike[flags, file.split("/")[:2][-1]].append(file)
    for (flags, _), members in alike.items():
        for start in range(0, len(members), BATCH_SIZE):
            yield flags, members[start : start + BATCH_SIZE]


def beside(file, line):
    """An include of a file's own folder, named from the root: the joined text lies elsewhere."""
    name = line.split('"')[1]
    near = ROOT / os.path.dirname(file) / name
    return f'#include "{near}"\n' if near.exists() else line


def joined(files):
    """The text of `files` one after the other, each header included once."""
    text, included = [], set()
    for number, file in enumerate(files):
        of_this_file = set()
        for line in (ROOT / file).read_text().splitlines(keepends=True):
            if line.startswith('#include "'):
                line = beside(file, line)
            if line.startswith("#include"):
                if line in included:
                    continue
                of_this_file.add(line)
            text.append(f"inline namespace file_{number} {{\n" if line == "namespace {\n" else line)
        included |= of_this_file
    return "".join(text)


def tidy(build, file, *arguments):
    """What clang-tidy says when asked as `file` deserves."""
    analyzer = [] if file.startswith(PRODUCT) else ["--checks=-clang-analyzer-*"]
    return subprocess.run(
        ["clang-tidy-19", "--quiet", "--warnings-as-errors=*", *analyzer, *arguments],
        cwd=build, text=True, capture_output=True, check=False)


def tidy_one(build, file):
    depth = [f"--extra-arg={word}" for word in DEPTH]
    result = tidy(build, file, "-p", build, *depth, str(ROOT / file))
    return result.stdout if result.returncode else ""


def tidy_batch(build, flags, files):
    """What clang-tidy finds in `files`; empty if nothing."""
    if len(files) == 1:
        return tidy_one(build, files[0])
    name = "+".join(file.replace("/", "_") for file in (files[0], files[-1]))
    source = pathlib.Path(build) / "joined" / f"{name}.cpp"
    source.parent.mkdir(exist_ok=True)
    source.write_text(joined(files))
    result = tidy(build, files[0], f"--config-file={ROOT}/.clang-tidy", str(source), "--", *flags,
                  *DEPTH)
    if result.returncode == 0:
        return ""
    if "[clang-diagnostic-error]" in result.stdout:
        middle = len(files) // 2
        return (tidy_batch(build, flags, files[:middle]) +
                tidy_batch(build, flags, files[middle:]))
    return "".join(tidy_one(build, file) for file in files)


def main():
    build, files = sys.argv[1], sys.argv[2:]
    commands = json.loads((pathlib.Path(build) / "compile_commands.json").read_text())
    database = {entry["file"]: entry for entry in commands}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(tidy_batch, build, *batch) for batch in batches(database, files)]
        findings = 0
        for job in jobs:
            found = job.result()
            findings += len(found)
            print(found, end="", flush=True)
    sys.exit(1 if findings else 0)


main()

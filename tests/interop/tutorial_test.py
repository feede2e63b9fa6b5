#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The tutorial as a reader follows it: every command is typed, and what it says is compared.

Usage: tutorial_test.py                  all chapters, as a test
       tutorial_test.py --show CHAPTER   one chapter (its number), shown as it goes

In docs/tutorial/*.md a block ```console holds lines `$ COMMAND`, and below each what it says. A
chapter's commands run one after the other in one shell, in a network namespace of its own. What is
printed must hold the lines of the text in their order; a line `...` stands for any number. Numbers
are not compared, except in addresses, sizes and names: times and counters differ each time. Any
other block with a file's name behind its language (```toml lab.toml) is that file, and a C++ file
of the text must be an example of the tree, letter by letter.
"""
import os
import pathlib
import re
import signal
import subprocess
import sys

import bench

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHAPTERS = sorted((ROOT / "docs" / "tutorial").glob("[0-9]*.md"))
FENCE = re.compile(r"^```(\S*) ?([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What stays as it is: addresses of all kinds, and numbers that are a part of a word.
KEPT = (r"(?:[0-9a-f]{0,4}:){2,}[0-9a-f:.]*(?:/\d+)?|"
        r"\d+(?:\.\d+){3}(?:[/:]\d+|\.\d{1,4}\b)?|[A-Za-z_]\w*")
TOKEN = re.compile(rf"({KEPT})|(\d+(?:\.\d+)?)")
MAC = re.compile(r"\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b")
LINK_LOCAL = re.compile(r"\bfe80::[0-9a-f:]+")
END = "end-of-command"


def essence(line):
    """The line without what differs from run to run."""
    line = LINK_LOCAL.sub("fe80::*", MAC.sub("MAC", line))
    line = TOKEN.sub(lambda found: found.group(1) or "N", line)
    return " ".join(line.split())


def missing_line(wanted, said):
    """The first line of `wanted` that does not come in its place; None: all do."""
    said = [essence(line) for line in said if line.strip()]
    at, may_skip = 0, False
    for line in wanted:
        if not line.strip():
            continue
        if line.strip() == "...":
            may_skip = True
            continue
        found = said.index(essence(line), at) if essence(line) in said[at:] else -1
        if found < 0 or (found != at and not may_skip):
            return line
        at, may_skip = found + 1, False
    return None if may_skip or at == len(said) else f"(nothing more) but: {said[at]}"


def commands(text):
    """(command, lines it says) of a console block."""
    found = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif line.startswith("> "):
            found[-1] = (found[-1][0] + "\n" + line[2:], found[-1][1])
        elif found:
            found[-1][1].append(line)
    return found


class Shell:
    """A shell in a namespace, asked one command after the other."""

    def __init__(self, lab, namespace, folder):
        words = namespace.command("bash", "--noprofile", "--norc")
        programs = [str(pathlib.Path(lab.program).resolve().parent)]
        environment = {"PATH": ":".join(programs + ["/usr/sbin:/usr/bin:/sbin:/bin"]),
                       "HOME": str(folder), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, cwd=folder, env=environment,
                                        text=True, start_new_session=True)
        lab.closing.callback(self.end)

    def end(self):
        """With all that it has started."""
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
        self.process.wait()

    def ask(self, command):
        self.process.stdin.write(f"{command}\necho; echo {END} $?\n")
        self.process.stdin.flush()
        said = []
        for line in self.process.stdout:
            if line.startswith(END):
                return said
            said.append(line.rstrip("\n"))
        return said + ["(the shell has ended)"]


def write_file(lab, folder, language, name, text):
    (folder / name).write_text(text)
    if language == "cpp":
        example = ROOT / "examples" / name
        lab.check(f"{name} is an example", example.exists() and example.read_text() == text)


def install(lab):
    """Where a reader's compiler finds an installed Strata."""
    prefix = lab.folder / "prefix"
    build = pathlib.Path(lab.program).resolve().parent
    done = subprocess.run(["cmake", "--install", build, "--prefix", prefix], check=False,
                          capture_output=True, text=True)
    lab.check("Strata can be installed", done.returncode == 0, done.stderr)
    return next(prefix.rglob("strata.pc"), prefix).parent


def play(lab, chapter, shows=False):
    folder = lab.folder / chapter.stem
    folder.mkdir()
    shell = Shell(lab, lab.namespace(), folder)
    if "pkg-config" in chapter.read_text():
        shell.ask(f"export PKG_CONFIG_PATH={install(lab)}")
    for language, name, text in FENCE.findall(chapter.read_text()):
        if language != "console":
            if name:
                write_file(lab, folder, language, name, text)
            continue
        for command, wanted in commands(text):
            if shows:
                print(f"\033[1m$ {command}\033[0m", flush=True)
            said = shell.ask(command)
            if shows:
                print("\n".join(said), flush=True)
            missing = missing_line(wanted, said)
            lab.check(f"{chapter.stem}: {command.splitlines()[0]}", missing is None,
                      f"wanted: {missing}\nsaid:\n" + "\n".join(said))
    shell.end()


def main():
    shows = sys.argv[1:2] == ["--show"]
    chosen = [path for path in CHAPTERS if not shows or path.name.startswith(sys.argv[2])]
    if not chosen:
        sys.exit(f"there is no such chapter; there are: {', '.join(p.stem for p in CHAPTERS)}")
    with bench.Bench(needs=["ip", "ping", "tshark"], seconds=240) as lab:
        for chapter in chosen:
            play(lab, chapter, shows)


if __name__ == "__main__":
    main()

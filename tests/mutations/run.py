#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Switches TCP's rules off, one at a time, and expects a test to notice.

Each line of tests/mutations/*.txt is one mutation (README.md has the form). Nothing in the tree is
touched: the changed copy of a file is compiled below BUILD/mutations with the command that the
build has for it, and put in front of all others when the test program is linked again, so that it
stands in for the object in the archive.

Usage: run.py BUILD [NAME...]
       run.py --check

BUILD   a build folder; test programs that are not up to date in it are built
NAME    only the mutations whose name contains it; without any, every MUST row of
        docs/rfc-coverage.md for the RFCs below must be named by a mutation, too
--check only sees that each mutation still fits the code, and that every such row is named

The last line is `N passed, N failed`; the status is 0 when none failed.
"""
import concurrent.futures
import dataclasses
import fnmatch
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
LISTS = ROOT / "tests" / "mutations"
COVERAGE = ROOT / "docs" / "rfc-coverage.md"
RFCS = {2018, 2883, 3168, 5681, 5961, 6298, 6675, 6937, 7323, 7413, 8985, 9293}
SECONDS_MAX = 60  # for one run; a mutant that hangs has been noticed


class Mistake(Exception):
    """Of whoever wrote the list, or built too little."""


@dataclasses.dataclass(frozen=True)
class Test:
    """A test program and the filter of one test; or a script, which is one test an IP version."""

    program: str
    filter: str

    @staticmethod
    def parse(text):
        if text.endswith(".pkt"):
            if not (ROOT / "tests" / "conformance" / text).is_file():
                raise Mistake(f"there is no script {text}")
            name = re.sub(r"[^A-Za-z0-9]", "_", text.removesuffix(".pkt"))
            return Test("conformance_test", f"Conformance/Scripts.Pass/{name}_ip*")
        program, _, name = text.partition(" ")
        if not name:
            raise Mistake(f"no program and test: '{text}'")
        suite, _, case = name.partition(".")
        # As TEST, TEST_P and TYPED_TEST name it.
        return Test(program, f"{name}:*/{name}/*:{suite}/*.{case}")


@dataclasses.dataclass(frozen=True)
class Mutation:
    name: str
    rule: str
    file: str  # what is changed
    source: str  # what is compiled: the file itself, or what a header is changed for
    text: str
    replacement: str
    tests: tuple

    @staticmethod
    def parse(line):
        fields = [field.strip() for field in line.split(";;")]
        if len(fields) != 6:
            raise Mistake(f"{len(fields)} fields instead of 6: {line}")
        name, rule, file, text, replacement, tests = fields
        text, replacement = (field.replace("\\n", "\n") for field in (text, replacement))
        file, _, source = file.partition(" via ")
        if not re.fullmatch(r"RFC \d+ [\w.]+", rule):
            raise Mistake(f"{name}: '{rule}' is not of the form RFC 9293 3.10.7.4")
        return Mutation(name, rule, file, source or file, text, replacement,
                        tuple(Test.parse(test.strip()) for test in tests.split(",")))

    def changed(self):
        """The file with the rule switched off."""
        paths = [ROOT / folder / self.file for folder in ("src", "include")]
        path = next((path for path in paths if path.is_file()), None)
        if path is None:
            raise Mistake(f"{self.name}: there is no file {self.file}")
        code = path.read_text()
        count = code.count(self.text)
        if count != 1:
            raise Mistake(f"{self.name}: found {count} times in {self.file}: {self.text}")
        return code.replace(self.text, self.replacement)


def read_mutations():
    mutations = []
    for path in sorted(LISTS.glob("*.txt")):
        lines = path.read_text().splitlines()
        mutations += [Mutation.parse(line) for line in lines if line and not line.startswith("#")]
    names = [mutation.name for mutation in mutations]
    for name in names:
        if names.count(name) != 1:
            raise Mistake(f"{name} is there twice")
    mistakes = []
    for mutation in mutations:
        try:
            mutation.changed()
        except Mistake as mistake:
            mistakes.append(str(mistake))
    if mistakes:
        raise Mistake("\n".join(mistakes))
    return mutations


def read_rows():
    """{(RFC and section, requirement): Test} of the MUST rows that the list has to account for."""
    rows = {}
    rfc = 0
    for line in COVERAGE.read_text().splitlines():
        if heading := re.fullmatch(r"## RFC (\d+)", line):
            rfc = int(heading[1])
        row = re.fullmatch(r"\| (\S+) \| MUST(?: NOT)? \| (.*) \| \[(.*)\]\(\.\./tests/(.*)\) \|",
                           line)
        if rfc not in RFCS or not row:
            continue
        section, rule, name, path = row.groups()
        test = Test.parse(path.removeprefix("conformance/") if path.endswith(".pkt")
                          else f"{path.split('/')[0]}_test {name}")
        rows[f"RFC {rfc} {section}", rule] = test
    return rows


class Build:
    """What a build folder knows: how its files are compiled and its programs linked."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder).resolve()
        self.scratch = self.folder / "mutations"
        commands = json.loads((self.folder / "compile_commands.json").read_text())
        self.compilations = {entry["file"]: shlex.split(entry["command"]) for entry in commands}
        self.links = {}

    def link_command(self, program):
        if program not in self.links:
            self.run(["ninja", "-C", self.folder, program])
            listed = subprocess.run(["ninja", "-C", self.folder, "-t", "commands", "-s", program],
                                    capture_output=True, text=True, check=True).stdout
            command = listed.splitlines()[-1].removeprefix(": && ").removesuffix(" && :")
            self.links[program] = shlex.split(command)
        return self.links[program]

    def run(self, command):
        # In its direct mode ccache would not see that another header is found first.
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True,
                              env={**os.environ, "CCACHE_NODIRECT": "1"})
        if done.returncode != 0:
            raise Mistake(f"{shlex.join(map(str, command))}\n{done.stdout}{done.stderr}")

    def command_for(self, source):
        """How a file is compiled; for a header, as its folder's files are, with all of its inline
        functions in the object: tests that call them find these first."""
        path = str(ROOT / "src" / source)
        if not source.endswith(".h"):
            return self.compilations[path], path, []
        folder = source.removeprefix("strata/").rpartition("/")[0].split("/")[0] or "base"
        path = next(name for name in self.compilations if name.startswith(f"{ROOT}/src/{folder}/"))
        return self.compilations[path], path, ["-O0", "-fkeep-inline-functions"]

    def compile(self, mutation):
        """The object of the changed file."""
        folder = self.scratch / mutation.name
        changed = folder / mutation.file
        changed.parent.mkdir(parents=True, exist_ok=True)
        changed.write_text(mutation.changed())
        command, original, more = self.command_for(mutation.source)
        source = changed if mutation.file == mutation.source else pathlib.Path(original)
        if mutation.source.endswith(".h"):
            source = folder / "header.cpp"
            source.write_text(f'#include "{mutation.file}"\n')
        stand_in = folder / "stand_in.o"
        command = list(command)
        command[command.index(original)] = source
        command[command.index("-o") + 1] = stand_in
        if mutation.file.endswith(".h"):  # a precompiled header may hold it as it was
            command = [word for word in command
                       if word != "-include" and not str(word).endswith("cmake_pch.hxx")]
        first_include = next(i for i, word in enumerate(command) if str(word).startswith("-I"))
        command.insert(first_include, f"-I{folder}")  # where a changed header is found first
        self.run([*command, *more, "-w"])  # what is switched off may leave things unused
        return stand_in

    def link(self, program, stand_in):
        """The program with the object in front of the archive that has the original."""
        command = list(self.link_command(program))
        command[command.index("-o") + 1] = stand_in.parent / program
        self.run([command[0], stand_in, *command[1:]])
        return stand_in.parent / program


def failures(program, filters):
    """The names of the tests that failed, and how many ran. What ends a program, a STRATA_CHECK or
    the time, fails the test that it ended."""
    command = [program, f"--gtest_filter={':'.join(filters)}", "--gtest_color=no"]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=SECONDS_MAX, cwd=program.parent)
        output, has_ended = done.stdout, done.returncode in (0, 1)
    except subprocess.TimeoutExpired as late:
        output, has_ended = late.stdout or b"", False
    output = output.decode(errors="replace")
    count = re.search(r"Running (\d+) tests? from", output)
    failed = re.findall(r"^\[  FAILED  \] (\S+?),? .*\(\d+ ms\)", output, re.MULTILINE)
    if not has_ended:
        failed += re.findall(r"^\[ RUN      \] (\S+)", output, re.MULTILINE)[-1:]
    return failed, int(count[1]) if count else 0


def matches(name, patterns):
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns.split(":"))


def by_program(tests):
    programs = {}
    for test in tests:
        programs.setdefault(test.program, []).append(test.filter)
    return programs


def check_unchanged(build, tests):
    """Every named test exists, and passes while its rule stands."""
    for program, filters in by_program(tests).items():
        build.link_command(program)
        for name in sorted(set(filters)):
            if failures(build.folder / program, [name])[1] == 0:
                raise Mistake(f"{program} has no test {name}")
        failed, _ = failures(build.folder / program, filters)
        if failed:
            raise Mistake(f"{program} fails as it is: {', '.join(failed)}")


def try_mutation(build, mutation):
    """Its tests that passed although the rule is off."""
    stand_in = build.compile(mutation)
    survived = []
    for program, filters in by_program(mutation.tests).items():
        executable = build.link(program, stand_in)
        failed, _ = failures(executable, filters)
        executable.unlink()
        survived += [Test(program, pattern) for pattern in filters
                     if not any(matches(name, pattern) for name in failed)]
    return survived


def unproven_rows(mutations):
    named = {test for mutation in mutations for test in mutation.tests}
    return [(section, rule, test) for (section, rule), test in read_rows().items()
            if test not in named]


def check_lists():
    mutations = read_mutations()
    unproven = unproven_rows(mutations)
    for section, rule, test in unproven:
        print(f"UNPROVEN {section}: {rule} ({test.program} {test.filter} is named by none)")
    print(f"{len(mutations)} mutations fit the code")
    return 1 if unproven else 0


def main():
    if sys.argv[1:] == ["--check"]:
        return check_lists()
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        print(__doc__.split("Usage: ")[1], file=sys.stderr)
        return 2
    os.nice(5)
    began = time.monotonic()
    build, names = Build(sys.argv[1]), sys.argv[2:]
    mutations = [mutation for mutation in read_mutations()
                 if not names or any(name in mutation.name for name in names)]
    if not mutations:
        raise Mistake(f"no mutation is called {' or '.join(names)}")
    check_unchanged(build, {test for mutation in mutations for test in mutation.tests})
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        tries = {pool.submit(try_mutation, build, mutation): mutation for mutation in mutations}
        for done in concurrent.futures.as_completed(tries):
            mutation, survived = tries[done], done.result()
            passed += len(mutation.tests) - len(survived)
            failed += len(survived)
            for test in survived:
                print(f"SURVIVED {mutation.name} ({mutation.rule}): "
                      f"{test.program} {test.filter} passes without the rule", flush=True)
    for section, rule, test in [] if names else unproven_rows(mutations):
        failed += 1
        print(f"UNPROVEN {section}: {rule} ({test.program} {test.filter} is named by none)")
    seconds = time.monotonic() - began
    print(f"{len(mutations)} mutations in {seconds:.0f} s, {seconds / len(mutations):.1f} s each")
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Mistake as mistake:
        print(f"mutations: {mistake}", file=sys.stderr)
        print("0 passed, 1 failed")
        sys.exit(1)

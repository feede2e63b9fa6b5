#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts test cases of one ctest run.

Usage: tally.py CTEST_JUNIT GTEST_XML_FOLDER

A program that wrote a gtest report counts case by case; any other program counts as one case. A
program that failed though all its cases passed (a leak found at exit, say), or that died before
it could report, counts as one failure. Names of failures and skips go to standard error, and
`PASSED FAILED SKIPPED` to standard output.
"""
import pathlib
import sys
import xml.etree.ElementTree as xml


def gtest_cases(report):
    """(passed, names of failures, names of skips) of one gtest report."""
    passed, failed, skipped = 0, [], []
    for case in xml.parse(report).getroot().iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        if case.find("failure") is not None:
            failed.append(name)
        elif case.get("result") == "skipped" or case.find("skipped") is not None:
            skipped.append(name)
        elif case.get("status") == "run":
            passed += 1
    return passed, failed, skipped


def main():
    junit, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    passed, failed, skipped = 0, [], []
    for test in xml.parse(junit).getroot().iter("testcase"):
        name, succeeded = test.get("name"), test.get("status") == "run"
        report = folder / f"{name}_test.xml"
        if report.exists():
            ok, bad, absent = gtest_cases(report)
            passed += ok
            failed += bad
            skipped += absent
            if not succeeded and not bad:
                failed.append(f"{name} (after its last case)")
        elif test.find("skipped") is not None and test.get("status") == "notrun":
            skipped.append(name)
        elif succeeded:
            passed += 1
        else:
            failed.append(f"{name} (the whole program)")
    for name in failed:
        print(f"  FAILED  {name}", file=sys.stderr)
    for name in skipped:
        print(f"  skipped {name}", file=sys.stderr)
    print(passed, len(failed), len(skipped))


main()

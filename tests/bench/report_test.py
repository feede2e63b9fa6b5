#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tools/bench_report.py: tables, pictures, and the place in a document where tables go."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools/bench_report.py"


def contestant(name, median):
    return {"name": name, "median": median, "min": median / 2, "max": median * 2,
            "samples": [median], "cores": 1.0, "details": {"losses": 3}}


def claim(name, ours, peer, better="higher"):
    return {"name": name, "unit": "Gbit/s", "better": better, "load": 1.0, "claim": "it is fast",
            "ratio": ours / peer, "ratio_goal": 2.0, "reaches_goal": ours / peer >= 2,
            "contestants": [contestant("strata", ours), contestant("peer", peer)]}


def point(at, ours):
    made = {"name": f"area/growth-{at}", "unit": "ns", "better": "lower", "load": 1.0,
            "claim": "it grows", "point": {"curve": "area/growth", "of": "flows", "at": at},
            "contestants": [contestant("strata", ours), {"name": "peer", "unavailable": "no root"}]}
    return made


class Report(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def report(self, results, *options):
        machine = {"cpu": "a & b", "kernel": "k", "cores": 2}
        # In two files, as of two programs.
        for number, part in enumerate((results[:1], results[1:])):
            (self.folder / f"{number}.json").write_text(
                json.dumps({"machine": machine, "results": part}))
        return subprocess.run(
            [sys.executable, TOOL, *options, *sorted(self.folder.glob("?.json"))],
            capture_output=True, text=True, check=False, cwd=self.folder)

    def test_claims_stand_in_one_table_with_their_verdict(self):
        lines = self.report([claim("a/b", 9, 3), claim("a/c", 3, 3)], "--markdown", "-").stdout
        self.assertIn("| a/b | Gbit/s | 9 [4.50 - 18] (3 losses, 1.0 cores) | peer: 3", lines)
        self.assertIn("| 3.00 | >= 2x peer: reached |", lines)
        self.assertIn("| 1.00 | >= 2x peer: **missed** |", lines)

    def test_points_of_a_curve_stand_in_a_table_of_their_own_in_order(self):
        lines = self.report([point(1000, 9), point(1, 3)], "--markdown", "-").stdout
        self.assertLess(lines.index("| 1 | 3"), lines.index("| 1,000 | 9"))
        self.assertIn("not available: no root", lines)
        self.assertNotIn("area/growth-1 ", lines)

    def test_pictures_are_well_formed(self):
        results = [claim("a/b", 9, 3), claim("a/c", 1, 3, "lower"), point(1, 3), point(1000, 9)]
        done = self.report(results, "--plots", "plots")
        self.assertEqual(done.returncode, 0, done.stderr)
        names = {path.name for path in (self.folder / "plots").iterdir()}
        self.assertEqual(names, {"ratios.svg", "area-growth.svg"})
        for name in names:
            root = xml.parse(self.folder / "plots" / name).getroot()
            self.assertTrue(root.tag.endswith("svg"))

    def test_a_document_keeps_what_is_around_its_tables(self):
        page = self.folder / "page.md"
        page.write_text("above\n<!-- bench -->\nold\n<!-- /bench -->\nbelow\n")
        self.assertEqual(self.report([claim("a/b", 9, 3)], "--status", page).returncode, 0)
        text = page.read_text()
        self.assertTrue(text.startswith("above\n<!-- bench -->\n"))
        self.assertTrue(text.endswith("<!-- /bench -->\nbelow\n"))
        self.assertNotIn("old", text)
        self.assertIn("| a/b |", text)

    def test_a_document_without_a_place_is_left_alone(self):
        page = self.folder / "page.md"
        page.write_text("nothing here\n")
        done = self.report([claim("a/b", 9, 3)], "--status", page)
        self.assertEqual(done.returncode, 1)
        self.assertIn("has no lines", done.stderr)
        self.assertEqual(page.read_text(), "nothing here\n")


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves that tools/rfc_coverage.py reads tags, finds their tests and notices bad ones."""
import pathlib
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import rfc_coverage  # noqa: E402

TEXT = """
// RFC 826 0 MUST: merge before looking at the opcode.
TEST(Arp, Merges) {
  // RFC 826 0 SHOULD: answer requests
  // for an address of ours.
  f();
}

// RFC 826 1 MAY: say so.
TEST(Arp,
     SpeaksUp) {
}
"""


class Scan(unittest.TestCase):
    def test_finds_tags_above_and_inside_tests(self):
        entries, complaints = rfc_coverage.scan_text("tests/a_test.cpp", TEXT)
        self.assertEqual(complaints, [])
        self.assertEqual([(e.level, e.test) for e in entries],
                         [("MUST", "Arp.Merges"), ("SHOULD", "Arp.Merges"),
                          ("MAY", "Arp.SpeaksUp")])
        self.assertEqual(entries[1].text, "answer requests for an address of ours.")

    def test_complains_about_tags_that_are_nearly_right(self):
        for line in ("// RFC 826 MUST: no section.", "// RFC826 1 MUST: no blank.",
                     "// See RFC 826 1 SHOULD: prose."):
            entries, complaints = rfc_coverage.scan_text("tests/a_test.cpp", line)
            self.assertEqual((entries, len(complaints)), ([], 1), line)

    def test_leaves_prose_alone(self):
        self.assertEqual(rfc_coverage.scan_text("a", "// RFC 826: as it says"), ([], []))


class Render(unittest.TestCase):
    def test_orders_by_rfc_and_by_section_as_numbers(self):
        text = "// RFC 826 10 MUST: b.\n// RFC 826 2 MUST: a.\n// RFC 768 1 MAY: c | d.\n"
        page = rfc_coverage.render(rfc_coverage.scan_text("tests/a_test.cpp", text)[0])
        self.assertLess(page.index("| 2 | MUST"), page.index("| 10 | MUST"))
        self.assertLess(page.index("## RFC 768"), page.index("## RFC 826"))
        self.assertIn("c \\| d.", page)
        self.assertIn("| [826](#rfc-826) | Address Resolution Protocol | 2 | 0 | 0 |", page)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Every line of the interface's checklist and every scenario is checked by a case that exists:
conformance.txt names them all, and no case twice. At least 200 cases there must be."""

import pathlib
import re
import unittest

FOLDER = pathlib.Path(__file__).parent
CHECKLIST_LINES = 93
SCENARIOS = ([f"D{i}" for i in range(1, 37)] + [f"W{i}" for i in range(1, 9)]
             + "S1 S1b S1c S2 S3 S4 S4b S5 S6 S6b S6c S7 S8 R1 R2 M2 M3 M4 C1 C2".split()
             + [f"Y{i}" for i in range(1, 7)] + [f"T{i}" for i in range(1, 10)]
             + [f"F{i}" for i in range(1, 13)] + "Z1 Z2 Z3 V1 V2 V3 V4 V5".split())
MINIMUM_CASES = 200


def cases():
    found = []
    for source in sorted(FOLDER.glob("*_test.cpp")):
        found += re.findall(r"^TEST_CASE\((\w+),", source.read_text(encoding="utf-8"), re.M)
    return found


def registry():
    lines = {}
    for text in (FOLDER / "conformance.txt").read_text(encoding="utf-8").splitlines():
        if not text or text.startswith("#"):
            continue
        name, named = text.split(":")
        assert name not in lines, f"{name} is there twice"
        lines[name] = named.split()
    return lines


class Conformance(unittest.TestCase):
    def test_all_lines_are_there(self):
        wanted = [str(i) for i in range(1, CHECKLIST_LINES + 1)] + SCENARIOS
        self.assertEqual(sorted(wanted), sorted(registry()))

    def test_each_has_a_case_that_exists(self):
        there = set(cases())
        for name, named in registry().items():
            self.assertTrue(named, f"{name} has no case")
            self.assertEqual([], [case for case in named if case not in there], name)

    def test_cases_are_many_and_named_once(self):
        found = cases()
        self.assertEqual(len(found), len(set(found)))
        self.assertGreaterEqual(len(found), MINIMUM_CASES)


if __name__ == "__main__":
    unittest.main()

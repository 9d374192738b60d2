# SPDX-License-Identifier: BSD-2-Clause
"""Results of single test cases, in the XML form that GoogleTest, pytest and CTest share."""

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Results:
    passed: int = 0
    failed: int = 0
    failures: list = field(default_factory=list)  # (name, text)

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.failures += other.failures


def read(path, pattern=""):
    """The cases in a file whose name, with that of the file, contains the pattern, in small or
    capital letters. Skipped ones count for neither side."""
    results = Results()
    for case in ElementTree.parse(path).iter("testcase"):
        if case.find("skipped") is not None or case.get("status") == "notrun":
            continue
        name = f"{case.get('classname', '')}.{case.get('name')}".lstrip(".")
        if pattern.lower() not in f"{Path(path).stem}.{name}".lower():
            continue
        bad = [*case.findall("failure"), *case.findall("error")]
        if bad:
            results.failed += 1
            results.failures.append((name, bad[0].get("message") or bad[0].text or ""))
        else:
            results.passed += 1
    return results


def write(path, suite, cases):
    """`cases`: (name, None or the reason of failure)."""
    root = ElementTree.Element("testsuite", name=suite, tests=str(len(cases)))
    for name, reason in cases:
        case = ElementTree.SubElement(root, "testcase", classname=suite, name=name)
        if reason is not None:
            ElementTree.SubElement(case, "failure", message=reason)
    ElementTree.ElementTree(root).write(path, encoding="unicode")

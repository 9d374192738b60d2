# SPDX-License-Identifier: BSD-2-Clause
"""Runs one on-target test suite: a root task of registered cases, on the kernel, in QEMU.

The suite prints `TEST <id> ok` or `TEST <id> FAIL <reason>` for each case and closes with
`N passed, N failed`; then it powers off. A hang, a panic, or a missing closing line is a failure
of the case that was running. With SOS_TEST_FILTER set, only cases whose id contains it run.
"""

import argparse
import os
import re
import sys
import time
from pathlib import Path

import junit
import machine
from children import SosError, end
from run_folder import RunFolder

_CASE = re.compile(r"TEST (\S+) (ok|FAIL)\b ?(.*)")
_CLOSING = re.compile(r"(\d+) passed, (\d+) failed")


class Suite:
    """Follows the console's lines."""

    def __init__(self):
        self.cases = []
        self.closing = None

    def line(self, text):
        case = _CASE.search(text)
        if case:
            reason = None if case[2] == "ok" else (case[3] or "failed")
            self.cases.append((case[1], reason))
        elif _CLOSING.fullmatch(text.strip()):
            self.closing = tuple(int(n) for n in _CLOSING.fullmatch(text.strip()).groups())

    def problem(self):
        """What is wrong with the run as a whole, if anything."""
        if self.closing is None:
            last = self.cases[-1][0] if self.cases else "the start"
            return f"the suite did not come to its end; the last sign of life was {last}"
        failed = sum(1 for _, reason in self.cases if reason is not None)
        counted = (len(self.cases) - failed, failed)
        if self.closing != counted:
            return f"the suite says {self.closing}, its lines say {counted}"
        return None


def watch(qemu, log, suite, limit):
    """Reads until the closing line, QEMU's end or the time limit. Returns the lines."""
    deadline = time.monotonic() + limit
    lines, rest = [], b""
    os.set_blocking(qemu.stdout.fileno(), False)
    while suite.closing is None and time.monotonic() < deadline:
        data = qemu.stdout.read(65536)
        if data is None:
            time.sleep(0.02)
            continue
        if not data:
            break
        log.write(data)
        *complete, rest = (rest + data).split(b"\n")
        for raw in complete:
            lines.append(raw.decode(errors="replace").rstrip("\r"))
            suite.line(lines[-1])
    return lines


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=Path, required=True, help="binary folder of the build")
    parser.add_argument("--name", required=True)
    parser.add_argument("--timeout", type=float, default=240.0)
    parser.add_argument("--qemu", default="", help="more arguments for QEMU")
    parser.add_argument("root", type=Path, help="the root task")
    options = parser.parse_args()

    folder = RunFolder()
    image = folder.path / "test.img"
    machine.pack(image, options.build / "loader" / "loader.elf",
                 options.build / "kernel" / "numbat.elf", options.root)
    filtered = os.environ.get("SOS_TEST_FILTER", "")
    arguments = machine.bootargs([("test", filtered)] if filtered else [])
    suite, console = Suite(), folder.path / "console.log"
    with open(folder.path / "qemu.log", "wb") as errors, open(console, "wb") as log:
        qemu = machine.start(image, arguments, errors, options.qemu, network=[])
        try:
            lines = watch(qemu, log, suite, options.timeout)
        finally:
            end(qemu, grace=1.0)

    problem = suite.problem()
    cases = suite.cases + ([("whole_suite", problem)] if problem else [])
    results = os.environ.get("SOS_TEST_RESULTS")
    if results:
        junit.write(Path(results) / f"{options.name}.xml", options.name, cases)
    for name, reason in cases:
        if reason is not None:
            print(f"{name}: {reason}")
    if problem:
        print("\n".join("  | " + line for line in lines[-30:]))
        print(f"  (all of it: {console})")
    return 1 if any(reason is not None for _, reason in cases) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except SosError as error:
        sys.exit(f"run_target: {error}")

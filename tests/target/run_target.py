#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Boots an image of test cases in QEMU and judges what it prints.

Passes when the closing line `N passed, 0 failed` came, agrees with the `TEST <id> ok|FAIL` lines,
and QEMU ended by itself. A hang is a failure: at the time limit QEMU is ended, and the case that was
running is named. The whole console goes to a log file.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools" / "sos"))

import junit  # noqa: E402
from children import spawn  # noqa: E402

RESULT = re.compile(r"^TEST (\S+) (ok|FAIL.*)$")
RUNNING = re.compile(r"^RUN (\S+)")
SUMMARY = re.compile(r"^(\d+) passed, (\d+) failed$")


class Judge:
    """Follows the console line by line."""

    def __init__(self):
        self.running = None
        self.passed, self.failed = [], []
        self.cases = []  # (id, None or what is wrong with it)
        self.summary = None

    def line(self, text):
        if match := RUNNING.match(text):
            self.running = match[1]
        elif match := RESULT.match(text):
            self.running = None
            (self.passed if match[2] == "ok" else self.failed).append(match[1])
            self.cases.append((match[1], None if match[2] == "ok" else match[2][5:] or "failed"))
            if match[2] != "ok":
                print(text)
        elif match := SUMMARY.match(text):
            self.summary = (int(match[1]), int(match[2]))

    def verdict(self, timed_out):
        problems = []
        if self.running:
            problems.append(f"{self.running} did not end")
        if timed_out:
            problems.append("time limit reached")
        if self.summary is None:
            problems.append("no closing line")
        elif self.summary != (len(self.passed), len(self.failed)):
            problems.append(f"closing line {self.summary} does not match "
                            f"{len(self.passed)} passed and {len(self.failed)} failed cases")
        if self.failed:
            problems.append("failed: " + " ".join(self.failed))
        if not self.passed and not self.failed:
            problems.append("no case ran")
        return problems


def run(arguments):
    command = [arguments.qemu, "-machine", "virt,gic-version=2", "-cpu", "cortex-a53", "-smp", "1",
               "-m", arguments.memory, "-nographic", "-net", "none", "-no-reboot",
               "-kernel", str(arguments.image)] + arguments.qemu_argument
    judge = Judge()
    timed_out = threading.Event()
    with open(arguments.log, "w", encoding="utf-8") as log:
        process = spawn(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

        def end():
            timed_out.set()
            process.kill()

        timer = threading.Timer(arguments.timeout, end)
        timer.start()
        try:
            for raw in process.stdout:
                text = raw.decode(errors="replace").rstrip("\r\n")
                log.write(text + "\n")
                log.flush()
                judge.line(text)
        finally:
            timer.cancel()
            process.kill()
            process.wait()
    return judge, judge.verdict(timed_out.is_set())


def record(cases, problems):
    """Leaves the results of single cases where ./sos test counts them."""
    folder = os.environ.get("SOS_TEST_RESULTS")
    if not folder:
        return
    if problems and all(reason is None for _, reason in cases):
        cases = [*cases, ("whole_run", "; ".join(problems))]
    junit.write(pathlib.Path(folder) / "target_kernel.xml", "kernel", cases)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0],
                                     epilog="What follows `--` goes to QEMU.")
    parser.add_argument("image", type=pathlib.Path)
    parser.add_argument("--log", type=pathlib.Path, required=True, help="where the console goes")
    parser.add_argument("--timeout", type=float, default=120.0, help="seconds")
    parser.add_argument("--memory", default="1024M")
    parser.add_argument("--qemu", default="qemu-system-aarch64")
    # Split by hand: argparse does not take options behind `--` for a trailing list.
    given = sys.argv[1:]
    end = given.index("--") if "--" in given else len(given)
    arguments = parser.parse_args(given[:end])
    arguments.qemu_argument = given[end + 1:]
    judge, problems = run(arguments)
    record(judge.cases, problems)
    print(f"{len(judge.passed)} passed, {len(judge.failed)} failed; console in {arguments.log}")
    for problem in problems:
        print(f"run_target: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

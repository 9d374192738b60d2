#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Boots an image of test cases in QEMU and judges what it prints.

Passes when the closing line `N passed, 0 failed` came, agrees with the `TEST <id> ok|FAIL` lines,
and QEMU ended by itself. A hang is a failure: at the time limit the processor's registers go to the
log, QEMU is ended, and the case that was running is named. The whole console goes to a log file,
and the result of each case, as XML, into the folder that SOS_TEST_RESULTS names, if it is set.
"""

import argparse
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import threading
import xml.etree.ElementTree as ElementTree

RESULT = re.compile(r"^TEST (\S+) (ok|FAIL.*)$")
RUNNING = re.compile(r"^RUN (\S+)")
SUMMARY = re.compile(r"^(\d+) passed, (\d+) failed$")
MONITOR_TIMEOUT = 5.0  # seconds


class Judge:
    """Follows the console line by line."""

    def __init__(self):
        self.running = None
        self.cases = {}  # name: None, or why it failed
        self.summary = None

    def line(self, text):
        if match := RUNNING.match(text):
            self.running = match[1]
        elif match := RESULT.match(text):
            self.running = None
            self.cases[match[1]] = None if match[2] == "ok" else match[2].removeprefix("FAIL ")
            if match[2] != "ok":
                print(text)
        elif match := SUMMARY.match(text):
            self.summary = (int(match[1]), int(match[2]))

    def counts(self):
        failed = sum(1 for reason in self.cases.values() if reason is not None)
        return len(self.cases) - failed, failed

    def verdict(self, timed_out):
        problems = []
        if self.running:
            problems.append(f"{self.running} did not end")
            self.cases[self.running] = "did not end"
        if timed_out:
            problems.append("time limit reached")
        if self.summary is None:
            problems.append("no closing line")
        elif self.summary != self.counts():
            problems.append(f"closing line {self.summary} does not match the cases {self.counts()}")
        failed = [name for name, reason in self.cases.items() if reason is not None]
        if failed:
            problems.append("failed: " + " ".join(failed))
        if not self.cases:
            problems.append("no case ran")
        return problems


def registers(monitor):
    """What `info registers` says, through QEMU's monitor socket."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(MONITOR_TIMEOUT)
        connection.connect(monitor)
        with connection.makefile("rw", encoding="utf-8") as stream:
            stream.readline()  # greeting
            for command in ({"execute": "qmp_capabilities"},
                            {"execute": "human-monitor-command",
                             "arguments": {"command-line": "info registers"}}):
                stream.write(json.dumps(command) + "\n")
                stream.flush()
                answer = json.loads(stream.readline())
                while "return" not in answer and "error" not in answer:
                    answer = json.loads(stream.readline())
            return str(answer.get("return", answer)).replace("\r", "")


def run(arguments):
    judge = Judge()
    timed_out = threading.Event()
    with tempfile.TemporaryDirectory() as folder, \
            open(arguments.log, "w", encoding="utf-8") as log:
        monitor = os.path.join(folder, "monitor")
        command = [arguments.qemu, "-machine", "virt,gic-version=2", "-cpu", "cortex-a53",
                   "-smp", "1", "-m", arguments.memory, "-nographic", "-net", "none",
                   "-no-reboot", "-qmp", f"unix:{monitor},server=on,wait=off",
                   "-kernel", str(arguments.image)] + arguments.qemu_argument
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT)
        state = []

        def end():
            timed_out.set()
            try:
                state.append(registers(monitor))
            except (OSError, ValueError) as error:
                state.append(f"no registers: {error}")
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
        if timed_out.is_set():
            timer.join()
            log.write("\n--- time limit reached; registers:\n" + "".join(state))
    return judge, judge.verdict(timed_out.is_set())


def write_results(folder, name, judge, problems):
    """The cases as JUnit XML; problems of the whole run are a case of their own."""
    cases = dict(judge.cases)
    if problems and all(reason is None for reason in cases.values()):
        cases["run"] = "; ".join(problems)
    suite = ElementTree.Element("testsuite", name=name, tests=str(len(cases)))
    for case, reason in cases.items():
        element = ElementTree.SubElement(suite, "testcase", classname=name, name=case)
        if reason is not None:
            ElementTree.SubElement(element, "failure", message=reason)
    ElementTree.ElementTree(suite).write(folder / f"{name}.xml", encoding="unicode")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0],
                                     epilog="What follows `--` goes to QEMU.")
    parser.add_argument("image", type=pathlib.Path)
    parser.add_argument("--name", help="of the run in the results; else that of the image")
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
    if folder := os.environ.get("SOS_TEST_RESULTS"):
        write_results(pathlib.Path(folder), arguments.name or arguments.image.stem, judge, problems)
    passed, failed = judge.counts()
    print(f"{passed} passed, {failed} failed; console in {arguments.log}")
    for problem in problems:
        print(f"run_target: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

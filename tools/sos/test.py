# SPDX-License-Identifier: BSD-2-Clause
"""./sos test: all tiers under CTest, counted by case. The last line is `N passed, N failed`.

A tier is a CTest label. Each CTest test is a program with many cases, which leaves their results
as <name>.xml in the folder that SOS_TEST_RESULTS names (GoogleTest through GTEST_OUTPUT); one that
leaves none counts as one case, and so does one that fails although all its cases passed (a
crash after them, a leak that a sanitizer found).
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import junit
from run_folder import BUILD, REPOSITORY

LOGS = BUILD / "logs"
RESULTS = BUILD / "test-results"
TIERS = ("host", "target", "system", "soak")
USUAL_TIERS = ("host", "target", "system")
_PROGRESS = re.compile(r"\s*\d+/\d+ Test +#\d+: (\S+) \.*[ *]*(.*?) +([0-9.]+) sec")


def tell(text):
    print(text, flush=True)


def step(name, command):
    """A step of the build: one line, the log's end when it fails."""
    begin = time.monotonic()
    print(f"  {name:<36}", end="", flush=True)
    log = LOGS / f"{name}.log"
    with open(log, "wb") as out:
        status = subprocess.run(command, cwd=REPOSITORY, stdin=subprocess.DEVNULL, stdout=out,
                                stderr=subprocess.STDOUT).returncode
    if status == 0:
        tell(f"{time.monotonic() - begin:5.0f} s")
        return True
    tell(f" FAILED; the end of {log}:")
    for line in log.read_text(errors="replace").splitlines()[-20:]:
        tell("    | " + line)
    return False


def prepare():
    """Configures and compiles the host build, which also registers the system tests."""
    if not (BUILD / "host" / "build.ninja").exists():
        if not step("host-configure", ["cmake", "--preset", "host"]):
            return False
    return step("host-tests", ["cmake", "--build", str(BUILD / "host"), "--parallel", str(os.cpu_count() or 1)])


def folders_of(tier):
    """Where CTest knows the tier's tests: those of the target's builds are registered there."""
    target, host = BUILD / "aarch64-debug" / "tests" / "target", BUILD / "host"
    return {"target": [target], "soak": [host, target]}.get(tier, [host])


def report(name, results, passed, seconds):
    counts = f"{results.passed} passed" + (f", {results.failed} FAILED" if results.failed else "")
    tell(f"  {name:<36}{float(seconds):5.0f} s   {counts}")
    for case, reason in results.failures:
        tell(f"    {case}: {reason.strip().splitlines()[0] if reason.strip() else 'failed'}")
    if not passed:
        tell(f"    (see {LOGS.relative_to(REPOSITORY)} and {RESULTS.relative_to(REPOSITORY)})")


def results_of(name, passed, pattern):
    """The cases of one CTest test."""
    path = RESULTS / f"{name}.xml"
    try:
        results = junit.read(path, pattern)
        if passed or results.failed:
            return results
        reason = "failed as a whole"
    except FileNotFoundError:
        results, reason = junit.Results(), "failed"
        if passed:
            counts = not pattern or pattern.lower() in name.lower()
            return junit.Results(passed=1 if counts else 0)
    except ElementTree.ParseError:
        results, reason = junit.Results(), "ended in the middle of writing its results"
    results.add(junit.Results(failed=1, failures=[(name, reason)]))
    return results


def run_tier(tier, pattern):
    total = junit.Results()
    tell(f"{tier}:")
    (LOGS / f"test-{tier}.log").unlink(missing_ok=True)
    for folder in folders_of(tier):
        total.add(run_folder(tier, folder, pattern))
    return total


def run_folder(tier, folder, pattern):
    """Runs a tier's CTest tests of a folder, with a line for each as it ends."""
    environment = dict(os.environ, SOS_TEST_RESULTS=str(RESULTS), SOS_TEST_FILTER=pattern,
                       GTEST_OUTPUT=f"xml:{RESULTS}/", CTEST_OUTPUT_ON_FAILURE="1")
    jobs = os.cpu_count() or 1
    log = LOGS / f"test-{tier}.log"
    total = junit.Results()
    command = ["ctest", "--test-dir", str(folder), "-L", f"^{tier}$", "-j", str(jobs),
               "--no-tests=error"]
    with open(log, "a", encoding="utf-8") as out, subprocess.Popen(
            command, env=environment, cwd=REPOSITORY, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace") as ctest:
        for line in ctest.stdout:
            out.write(line)
            progress = _PROGRESS.match(line)
            if progress:
                name, outcome, seconds = progress.groups()
                passed = outcome == "Passed"
                results = results_of(name, passed, pattern)
                if results.passed or results.failed or not pattern:
                    report(name, results, passed, seconds)
                total.add(results)
    if ctest.returncode != 0 and total.failed == 0:
        total.add(junit.Results(failed=1, failures=[(tier, "ctest failed")]))
        tell(f"  ctest failed; see {log}")
    return total


def main():
    parser = argparse.ArgumentParser(prog="./sos test")
    parser.add_argument("tier", nargs="?", choices=TIERS)
    parser.add_argument("-k", dest="pattern", default="", help="only cases whose name contains it")
    options = parser.parse_args()

    LOGS.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(RESULTS, ignore_errors=True)
    RESULTS.mkdir()
    total = junit.Results()
    if options.tier == "target" or prepare():
        for tier in [options.tier] if options.tier else USUAL_TIERS:
            total.add(run_tier(tier, options.pattern))
    else:
        total.add(junit.Results(failed=1))
    tell(f"{total.passed} passed, {total.failed} failed")
    return 1 if total.failed or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: BSD-2-Clause
"""Runs one file of system tests for CTest: run_pytest.py NAME system|soak FILE. Results go to the
folder SOS_TEST_RESULTS, SOS_TEST_FILTER selects cases by name."""

import os
import sys

import pytest

name, label, file = sys.argv[1:]
arguments = [file, "-q", "-m", "soak" if label == "soak" else "not soak", "-p", "no:cacheprovider"]
if os.environ.get("SOS_TEST_RESULTS"):
    arguments.append(f"--junit-xml={os.environ['SOS_TEST_RESULTS']}/{name}.xml")
if os.environ.get("SOS_TEST_FILTER"):
    arguments += ["-k", os.environ["SOS_TEST_FILTER"]]
status = pytest.main(arguments)
sys.exit(0 if status == pytest.ExitCode.NO_TESTS_COLLECTED else status)

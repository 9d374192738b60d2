# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures: an exported folder, an NFS server for it, machines that boot from it. Everything that
a test started is ended by process id when it ends, and each test has a time limit."""

import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools" / "sos"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

pytest.register_assert_rewrite("scenario")

from nfs_server import NfsServer  # noqa: E402
from scenario import Sos, populate  # noqa: E402

TEST_LIMIT = 300  # seconds; a mark `limit(seconds)` changes it


def pytest_configure(config):
    config.addinivalue_line("markers", "limit(seconds): time limit of this test")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    mark = item.get_closest_marker("limit")
    seconds = mark.args[0] if mark else TEST_LIMIT

    def time_is_up(_number, _frame):
        pytest.fail(f"not done within {seconds} s")

    signal.signal(signal.SIGALRM, time_is_up)
    signal.alarm(seconds)
    yield
    signal.alarm(0)


@pytest.fixture
def export(tmp_path):
    """An empty folder to be exported."""
    folder = tmp_path / "export"
    folder.mkdir()
    return folder


@pytest.fixture
def root(export):
    """An exported folder with the programs of SOS and of the tests."""
    populate(export)
    return export


@pytest.fixture
def server(root, tmp_path):
    with NfsServer(root, tmp_path) as running:
        yield running


@pytest.fixture
def boot(server, tmp_path):
    """boot(...) starts a machine on the server; arguments as for Sos."""
    machines = []

    def start(**options):
        options.setdefault("nfs", server)
        machines.append(Sos(tmp_path / f"sos{len(machines)}", **options))
        return machines[-1]

    yield start
    for each in machines:
        each.close()


@pytest.fixture
def sos(boot):
    """A machine at its prompt."""
    booted = boot()
    booted.prompt()
    return booted

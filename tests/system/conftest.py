# SPDX-License-Identifier: BSD-2-Clause
"""Where the tests find things: the tools of ./sos, and a folder of its own for each test."""

import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tools" / "sos"))
sys.path.insert(0, str(Path(__file__).resolve().parent))


@pytest.fixture
def export(tmp_path):
    """An empty folder to be exported."""
    folder = tmp_path / "export"
    folder.mkdir()
    return folder

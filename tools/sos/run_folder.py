# SPDX-License-Identifier: BSD-2-Clause
"""A folder of its own for each run: logs, the NFS server's state, a repacked image.

Several runs from one checkout do not meet. A lock held by the run tells whether it lives; the
folders of ended runs are kept for reading, the oldest are removed.
"""

import fcntl
import os
import shutil
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
BUILD = REPOSITORY / "build"
_KEPT = 5


def _ended(folder):
    try:
        fd = os.open(folder / "lock", os.O_RDWR)
    except FileNotFoundError:
        return False  # just being made
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False
    finally:
        os.close(fd)


def running(parent=BUILD / "run"):
    """The folders of runs that have not ended."""
    return [folder for folder in sorted(parent.iterdir()) if not _ended(folder)] \
        if parent.is_dir() else []


class RunFolder:
    def __init__(self, parent=BUILD / "run"):
        parent.mkdir(parents=True, exist_ok=True)
        folders = sorted(parent.iterdir(), key=lambda f: f.stat().st_mtime, reverse=True)
        for old in [f for f in folders if _ended(f)][_KEPT:]:
            shutil.rmtree(old, ignore_errors=True)
        self.path = Path(tempfile.mkdtemp(dir=parent))
        self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def close(self):
        os.close(self._lock)

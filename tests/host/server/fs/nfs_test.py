#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs a test program against a private NFS server: nfs_test.py HELPER PROGRAM [ARGUMENT...].

The program finds the server in SOS_NFS_SERVER and its folder in SOS_NFS_FOLDER, and may have it
stopped, continued, killed and restarted by writing that word to a pipe (SOS_NFS_CONTROL).
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[4] / "tools" / "sos"))
import nfs_server  # noqa: E402


def stop(server):
    """Returns when no thread of the server runs any more."""
    server.pause()
    tasks = list(Path(f"/proc/{server.pid}/task").glob("*/stat"))
    while any(task.read_text().rpartition(")")[2].split()[0] != "T" for task in tasks):
        time.sleep(0.005)


def obey(requests, answers, server):
    actions = {"stop": lambda: stop(server), "continue": server.resume, "kill": server.kill,
               "restart": server.restart}
    for line in requests:
        actions[line.strip()]()
        os.write(answers, b".")


def main():
    helper, *command = sys.argv[1:]
    nfs_server._HELPER = Path(helper)
    with tempfile.TemporaryDirectory(prefix="sos-nfs-") as work:
        folder = Path(work) / "export"
        folder.mkdir()
        with nfs_server.NfsServer(folder, work) as server:
            request_read, request_write = os.pipe()
            answer_read, answer_write = os.pipe()
            threading.Thread(target=obey, daemon=True,
                             args=(os.fdopen(request_read), answer_write, server)).start()
            environment = dict(
                os.environ,
                SOS_NFS_SERVER=f"127.0.0.1:{server.nfs_port}:{server.mount_port}",
                SOS_NFS_FOLDER=str(folder),
                SOS_NFS_CONTROL=f"{request_write},{answer_read}")
            return subprocess.run(command, env=environment,
                                  pass_fds=(request_write, answer_read)).returncode


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: BSD-2-Clause
"""Child processes that never outlive this one, whatever way it ends (SIGKILL included)."""

import ctypes
import os
import signal
import subprocess

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class SosError(Exception):
    """Something outside SOS failed; the text is for the user."""


def spawn(command, **options):
    """Starts `command` (a list). The kernel kills it when the calling thread's process dies."""
    parent = os.getpid()

    def die_with_parent():
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died before the call
            os._exit(1)
        # A group of its own: keys and hang-ups of the terminal are the parent's business.
        os.setpgid(0, 0)

    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.Popen(command, preexec_fn=die_with_parent, **options)


def end(child, grace=3.0):
    """Ends a child: politely, then for certain. Safe to call twice."""
    if child.poll() is None:
        child.terminate()
        # A stopped process would not see the signal.
        child.send_signal(signal.SIGCONT)
        try:
            child.wait(grace)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

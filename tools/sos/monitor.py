# SPDX-License-Identifier: BSD-2-Clause
"""QEMU's monitor at a socket in the folder of a run."""

import os
import re
import socket

_PROMPT = "(qemu) "
_LIMIT = 10.0  # seconds


def monitor_option(path):
    """QEMU's argument for a monitor there. The path of a socket is short, so it is relative."""
    return f"-monitor unix:{os.path.relpath(path)},server=on,wait=off"


class Monitor:
    """A conversation; OSError when there is nobody, or no answer."""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(_LIMIT)
        try:
            self._socket.connect(os.path.relpath(path))
            self._answer()
        except OSError:
            self._socket.close()
            raise

    def _answer(self):
        text = ""
        while not text.endswith(_PROMPT):
            data = self._socket.recv(65536)
            if not data:
                raise OSError("QEMU has ended")
            text += data.decode(errors="replace")
        return text[:-len(_PROMPT)]

    def ask(self, command):
        """Gives a command; returns what it prints."""
        self._socket.sendall(command.encode() + b"\n")
        echo, _, answer = self._answer().partition("\n")
        del echo  # the line editor repeats it, with control characters
        return re.sub(r"\x1b\[\w", "", answer).replace("\r", "")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

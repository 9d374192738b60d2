# SPDX-License-Identifier: BSD-2-Clause
"""The serial line's protocol: which bytes are SOS's own log, which are the programs' output.

Booted with `log.mark=TOKEN`, SOS writes each line of its own as RS TOKEN SPACE text LF, possibly
in the middle of a program's line; everything else is what programs wrote. TOKEN is random for
each boot, so that no output can be taken for a log line. On the wire every LF has a CR before it.
"""

import secrets

RECORD_SEPARATOR = b"\x1e"
_LINE_LIMIT = 4096  # a longer log line is handed on in pieces

STARTED = "sos: init started"
ENDED = "sos: init ended, status "
NO_INIT = "sos: cannot start init: "
LEAK = "sos: leak: "
PANIC = "sos: panic: "
KERNEL_PANIC = b"numbat: panic: "
HALTED = "sos: halted"


def new_token():
    return secrets.token_hex(4)


class Demultiplexer:
    """Splits the serial line's bytes: `feed` returns a list of ("output", bytes) and
    ("log", text) in their order."""

    def __init__(self, token):
        self._mark = RECORD_SEPARATOR + token.encode() + b" "
        self._pending = b""
        self._in_line = False

    def feed(self, data):
        pieces = []
        data = self._pending + data
        self._pending = b""
        while data:
            if self._in_line:
                line, newline, rest = data.partition(b"\n")
                if not newline and len(line) < _LINE_LIMIT:
                    self._pending = data
                    break
                pieces.append(("log", line.rstrip(b"\r").decode(errors="replace")))
                self._in_line, data = False, rest
                continue
            at = data.find(RECORD_SEPARATOR)
            if at < 0:
                pieces.append(("output", data))
                break
            if at > 0:
                pieces.append(("output", data[:at]))
                data = data[at:]
            if data.startswith(self._mark):
                self._in_line, data = True, data[len(self._mark):]
            elif self._mark.startswith(data):
                self._pending = data  # more must come to tell
                break
            else:
                pieces.append(("output", data[:1]))
                data = data[1:]
        return pieces

    def rest(self):
        """What was held back when the line ended."""
        pending, self._pending = self._pending, b""
        if not pending:
            return []
        if self._in_line:
            return [("log", pending.rstrip(b"\r").decode(errors="replace"))]
        return [("output", pending)]


class NewlineFilter:
    """Undoes the console's LF -> CR LF, and nothing else: every LF has its CR before it."""

    def __init__(self):
        self._held = b""

    def feed(self, data):
        data = self._held + data
        self._held = b""
        if data.endswith(b"\r"):
            data, self._held = data[:-1], b"\r"
        return data.replace(b"\r\n", b"\n")

    def rest(self):
        held, self._held = self._held, b""
        return held


class Session:
    """Follows what SOS says of itself: whether init runs, its status, leaks, the end. `feed` gives
    pieces as the demultiplexer does, each with whether init had been started by then."""

    def __init__(self):
        self.token = new_token()
        self.init_started = False
        self.status = None
        self.leaks = []
        self.failure = None
        self.halted = False
        self.panic = []  # the block that a panic of server or kernel prints
        self.kernel_panic = []
        self._raw_tail = b""
        self._split = Demultiplexer(self.token)

    def feed(self, data):
        self._follow_kernel(data)
        return [self._note(*piece) for piece in self._split.feed(data)]

    def rest(self):
        return [self._note(*piece) for piece in self._split.rest()]

    def _follow_kernel(self, data):
        """The kernel's last words have no mark; nothing comes after them."""
        self._raw_tail += data
        begin = self._raw_tail.rfind(KERNEL_PANIC)
        if begin < 0:
            self._raw_tail = self._raw_tail[-len(KERNEL_PANIC):]
            return
        text = self._raw_tail[begin:].decode(errors="replace").replace("\r", "")
        self.kernel_panic = text.splitlines()

    def ended_by_panic(self):
        """The machine has ended: the block of the panic that ended it; [] when there was none."""
        return self.panic or ([] if self.halted else self.kernel_panic)

    def _note(self, kind, what):
        after_start = self.init_started
        if kind == "log":
            if what == STARTED:
                self.init_started = True
            elif what.startswith(ENDED) and what[len(ENDED):].isdigit():
                self.status = int(what[len(ENDED):])
            elif what.startswith(NO_INIT):
                self.failure = what
            elif what.startswith(LEAK):
                self.leaks.append(what[len(LEAK):])
            elif what.startswith(PANIC):
                self.failure = what
                self.panic = [what]
            elif what == HALTED:
                self.halted = True
            elif self.panic:
                self.panic.append(what.removeprefix("sos:").rstrip())
        return kind, what, after_start

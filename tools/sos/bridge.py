# SPDX-License-Identifier: BSD-2-Clause
"""Moves bytes between the user and SOS's serial line until one of them is done.

Nothing here can block for good: a reader that does not take its output stops only the reading
from QEMU, never the leave key, the time limit or a signal.
"""

import os
import selectors
import signal
import stat
import sys
import termios
import time
import tty

from console import NewlineFilter

LEAVE_KEY = b"\x1d"  # Ctrl-]
END_OF_INPUT = b"\x04"  # Ctrl-D
_PIECE = 4096
_BACKLOG = 65536  # unwritten output beyond this stops reading from QEMU
_HOLD_INPUT = 3.0  # keys typed before init runs are kept, but a system without marks gets them too
_DRAIN_LIMIT = 5.0
PROMPT = b"$ "
_READS_ITSELF = 1.0  # no prompt for so long after a script's line: a program may want the next one


class Leave(Exception):
    """The session ends now, with this exit status."""

    def __init__(self, status, reason=None):
        super().__init__(status)
        self.status = status
        self.reason = reason


def leave_on_signals():
    """Turns what would kill this process into an orderly end."""

    def handler(number, _frame):
        raise Leave(128 + number)

    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(number, handler)


def ignore_signals():
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


class RawTerminal:
    """Standard input without line editing, echo and signals, if it is a terminal."""

    def __init__(self):
        self._saved = None

    def __enter__(self):
        if os.isatty(0):
            self._saved = termios.tcgetattr(0)
            tty.setraw(0, termios.TCSADRAIN)
        return self

    def __exit__(self, *_):
        if self._saved is not None:
            try:
                termios.tcsetattr(0, termios.TCSADRAIN, self._saved)
            except (termios.error, OSError):
                pass  # the terminal is gone


class Sink:
    """An output that is written when it can be. A terminal or pipe is opened anew, since making
    the inherited descriptor non-blocking would also change it for the user's shell."""

    def __init__(self, fd):
        self._waiting = bytearray()
        self._own = None
        self._fd = fd
        mode = os.fstat(fd).st_mode
        if stat.S_ISCHR(mode) or stat.S_ISFIFO(mode):
            try:
                flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY
                self._own = self._fd = os.open(f"/proc/self/fd/{fd}", flags)
            except OSError:
                pass

    def fileno(self):
        return self._fd

    def __len__(self):
        return len(self._waiting)

    def add(self, data):
        self._waiting += data

    def write_some(self):
        if self._waiting:
            try:
                written = os.write(self._fd, self._waiting[:_PIECE])
                del self._waiting[:written]
            except BlockingIOError:
                pass

    def close(self):
        if self._own is not None:
            os.close(self._own)


class Bridge:
    """One session. `interactive`: everything SOS prints is shown, keys are passed on. Otherwise
    programs' output goes to standard output, log lines to standard error, no input is read."""

    def __init__(self, qemu, session, log, interactive, timeout):
        self._qemu = qemu
        self._session = session
        self._log = log
        self._interactive = interactive
        self._started = time.monotonic()
        self._deadline = None if timeout is None else self._started + timeout
        self._timeout = timeout
        self._newlines = NewlineFilter()
        self._tail = bytearray()
        self._to_sos = bytearray()
        self._terminal = interactive and os.isatty(0)
        self._input_open = interactive
        self._last_key = b"\n"
        self._prompted = False
        self._line_sent = None  # when a script's last line was
        self._output = Sink(1)
        os.set_blocking(qemu.stdin.fileno(), False)

    def tail(self):
        """The last of what SOS printed, marks removed, for a report of a failure."""
        text = self._tail.decode(errors="replace").replace("\r\n", "\n")
        return text.replace("\x1e" + self._session.token + " ", "").splitlines()[-20:]

    def run(self):
        """Returns when SOS has halted or QEMU has ended; raises Leave otherwise."""
        try:
            while not self._session.halted:
                if not self._turn():
                    break
            self._show(self._session.rest())
            self._drain()
        except BrokenPipeError:
            raise Leave(128 + signal.SIGPIPE) from None
        finally:
            self._output.close()

    def _turn(self):
        """Waits for something to do and does it. False at QEMU's end."""
        qemu_out, qemu_in = self._qemu.stdout.fileno(), self._qemu.stdin.fileno()
        with selectors.PollSelector() as selector:
            if len(self._output) < _BACKLOG:
                selector.register(qemu_out, selectors.EVENT_READ)
            if self._to_sos and self._may_send():
                selector.register(qemu_in, selectors.EVENT_WRITE)
            # A terminal is always read, for the leave key; a script only as fast as SOS takes it.
            if self._input_open and (self._terminal or not self._to_sos):
                selector.register(0, selectors.EVENT_READ)
            if self._output:
                selector.register(self._output.fileno(), selectors.EVENT_WRITE)
            ready = {key.fd for key, _ in selector.select(self._wait())}
        if self._deadline is not None and time.monotonic() >= self._deadline:
            raise Leave(124, f"the time is up after {self._timeout:g} s")
        if self._output.fileno() in ready:
            self._output.write_some()
        if self._input_open and 0 in ready:
            self._read_input()
        if qemu_in in ready:
            self._feed_qemu()
        return qemu_out not in ready or self._read_qemu()

    def _wait(self):
        now = time.monotonic()
        wait = 0.1 if self._to_sos else 60.0
        return wait if self._deadline is None else max(0.0, min(wait, self._deadline - now))

    def _may_send(self):
        """Keys go at once, as soon as somebody can read them. A script's lines go one by one, each
        when SOS prompts for it: nobody can see how much of it SOS could keep."""
        now = time.monotonic()
        if not self._session.init_started and now < self._started + _HOLD_INPUT:
            return False
        if self._terminal or self._prompted:
            return True
        if self._line_sent is None:
            self._line_sent = now
        return now > self._line_sent + _READS_ITSELF

    def _read_input(self):
        try:
            data = os.read(0, _PIECE)
        except OSError:
            data = b""
        if not data:
            if self._terminal:
                raise Leave(128 + signal.SIGHUP)
            # A script: its end is what Ctrl-D is at a terminal, at the start of a line.
            self._input_open = False
            self._to_sos += END_OF_INPUT if self._last_key == b"\n" else b"\n" + END_OF_INPUT
            return
        if self._terminal and LEAVE_KEY in data:
            raise Leave(0)
        self._last_key = data[-1:]
        self._to_sos += data

    def _feed_qemu(self):
        size = min(len(self._to_sos), _PIECE)
        if not self._terminal:
            size = min(size, self._to_sos.find(b"\n", 0, size) + 1 or size)
            self._prompted, self._line_sent = False, time.monotonic()
        try:
            written = os.write(self._qemu.stdin.fileno(), self._to_sos[:size])
            del self._to_sos[:written]
        except BlockingIOError:
            pass
        except BrokenPipeError:
            self._to_sos.clear()  # QEMU ends; its output says so next

    def _read_qemu(self):
        data = os.read(self._qemu.stdout.fileno(), _PIECE * 4)
        if not data:
            return False
        self._log.write(data)
        self._log.flush()
        self._tail = (self._tail + data)[-8192:]
        self._prompted = self._tail.endswith(PROMPT)
        self._show(self._session.feed(data))
        return True

    def _show(self, pieces):
        for kind, what, after_start in pieces:
            if self._interactive:
                text = what if kind == "output" else what.encode() + b"\r\n"
                self._output.add(text if self._terminal else self._newlines.feed(text))
            elif kind == "output" and after_start:
                self._output.add(self._newlines.feed(what))
            elif kind == "log" and after_start and not what.startswith("sos: "):
                print(what, file=sys.stderr, flush=True)

    def _drain(self):
        self._output.add(self._newlines.rest())
        limit = time.monotonic() + _DRAIN_LIMIT
        while self._output and time.monotonic() < limit:
            before = len(self._output)
            self._output.write_some()
            if len(self._output) == before:
                time.sleep(0.01)

# SPDX-License-Identifier: BSD-2-Clause
"""A private SOS for a test: NFS server, machine, and a console to type on and wait for.

Nothing waits without a limit. What fails shows the console's end and where the processor was; all
logs stay in the test's folder.
"""

import fcntl
import os
import re
import shutil
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path

import machine
from children import end
from console import NewlineFilter, Session
from monitor import Monitor, monitor_option
from nfs_server import NfsServer
from run_folder import BUILD

BUILT = BUILD / "aarch64-debug"
PROMPT = "$ "
BOOT_LIMIT = 30.0  # a prompt is due in 3 s; a busy machine gets more before it counts as a hang
COMMAND_LIMIT = 30.0
HISTORY_LINES = 33  # more than sosh remembers


def pattern(size, first=0):
    """Bytes that depend on their place: byte_at() of tests/target/sos/verify.c."""
    places = range(first, first + size)
    return bytes((((n * 2654435761) & (2**64 - 1)) >> 13) & 0xff for n in places)


def populate(folder, built=BUILT):
    """Gives an exported folder the programs of SOS and of the tests, and motd."""
    for source in (built / "rootfs", built / "test-rootfs"):
        for file in source.iterdir():
            shutil.copy2(file, folder / file.name)


class Hang(AssertionError):
    """Something did not happen within its limit."""


class Sos:
    """`nfs`: an NfsServer, or an address for the boot argument. `commands`: run by `sosh -c`."""

    def __init__(self, work, nfs, commands=None, append="", image=None, qemu="",
                 network=machine.NETWORK):
        self.work = Path(work)
        self.work.mkdir(parents=True, exist_ok=True)
        self.session = Session()
        self.logs = []
        # Bytes, to which a piece is added in no more time than it has: who falls behind keeps QEMU
        # waiting, in the middle of a write to the UART.
        self._output = bytearray()
        self._read_to = 0
        self._news = threading.Condition()
        self._newlines = NewlineFilter()
        self._ended = False
        self.booted_after = None  # seconds from QEMU's start to the first prompt
        self.monitor_path = self.work / "monitor"

        address = nfs.address if isinstance(nfs, NfsServer) else nfs
        settings = [("init", "sosh"), ("nfs", address), ("ip", machine.STATIC_ADDRESS),
                    ("log.mark", self.session.token)]
        if commands is not None:
            settings.append(("exec", commands))
        self._errors = open(self.work / "qemu.log", "wb")
        self._console = open(self.work / "console.log", "wb")
        self.started_at = time.monotonic()
        self.qemu = machine.start(image or BUILD / "sos.img", machine.bootargs(settings, append),
                                  self._errors, f"{monitor_option(self.monitor_path)} {qemu}", network)
        self._reader = threading.Thread(target=self._follow, daemon=True)
        self._reader.start()

    def _follow(self):
        while True:
            data = os.read(self.qemu.stdout.fileno(), 65536)
            with self._news:
                self._console.write(data)
                self._console.flush()
                pieces = self.session.feed(data) if data else self.session.rest()
                for kind, what, after_start in pieces:
                    if kind == "log":
                        self.logs.append(what)
                    elif after_start:
                        self._output += self._newlines.feed(what)
                self._ended = not data
                self._news.notify_all()
            if not data:
                return

    def _fail(self, message):
        tail = (self.work / "console.log").read_text(errors="replace").splitlines()[-25:]
        raise Hang("\n".join([message, *("  | " + line.replace("\x1e", "") for line in tail),
                              *self._where()]))

    def monitor(self, command):
        """Gives QEMU's monitor a command; returns what it answers."""
        with Monitor(self.monitor_path) as monitor:
            return monitor.ask(command)

    def _where(self):
        """The processor's program counter, and the line it is at."""
        try:
            text = self.monitor("info registers")
        except OSError as error:
            return [f"(no registers: {error})"]
        found = re.search(r"PC=([0-9a-f]+)", text)
        if not found:
            return ["(no registers)"]
        lines = [f"pc {found[1]}"]
        for program in ("kernel/kernel.elf", "server/sos.elf"):
            told = subprocess.run(
                ["aarch64-linux-gnu-addr2line", "-Cfpe", str(BUILT / program), found[1]],
                capture_output=True, text=True, check=False).stdout.strip()
            if told and not told.startswith("??"):
                lines.append(f"  {program}: {told}")
        return lines

    def wait_until(self, condition, what, limit):
        """Waits for a condition on the session, the logs or the output."""
        deadline = time.monotonic() + limit
        with self._news:
            while not condition():
                left = deadline - time.monotonic()
                if left <= 0 or self._ended:
                    break
                self._news.wait(left)
            if condition():
                return
        ended = ", QEMU has ended" if self._ended else ""
        self._fail(f"{what}: not within {limit:g} s{ended}")

    def wait_log(self, text, limit=BOOT_LIMIT, times=1):
        self.wait_until(lambda: sum(text in line for line in self.logs) >= times,
                        f"log line {text!r}", limit)

    def expect(self, text, limit=COMMAND_LIMIT):
        """Waits for text in the programs' output after what was waited for before, and returns what
        came before it."""
        wanted = text.encode()
        looked_to = self._read_to

        def found():
            nonlocal looked_to
            at = self._output.find(wanted, looked_to)
            looked_to = at if at >= 0 else max(looked_to, len(self._output) - len(wanted) + 1)
            return at >= 0
        self.wait_until(found, f"output {text!r}", limit)
        before = self._text(self._read_to, looked_to)
        self._read_to = looked_to + len(wanted)
        return before

    def _text(self, begin, end):
        return self._output[begin:end].decode(errors="replace")

    def prompt(self, limit=BOOT_LIMIT):
        """Waits for a prompt as the last thing on the console; returns what came before it."""
        def ready():
            at = len(self._output) - len(PROMPT)
            return (at >= self._read_to and self._output.endswith(PROMPT.encode())
                    and (at == self._read_to or self._output[at - 1] == ord("\n")))
        self.wait_until(ready, "a prompt", limit)
        if self.booted_after is None:
            self.booted_after = time.monotonic() - self.started_at
        before = self._text(self._read_to, len(self._output) - len(PROMPT))
        self._read_to = len(self._output)
        return before

    def send(self, keys):
        data = keys.encode()
        while data:
            data = data[os.write(self.qemu.stdin.fileno(), data):]

    def wait_until_typed(self, limit=COMMAND_LIMIT):
        """Waits until the machine has taken all that was sent."""
        deadline = time.monotonic() + limit
        left = bytearray(4)
        while True:
            fcntl.ioctl(self.qemu.stdin, termios.FIONREAD, left)
            if not any(left):
                return
            if time.monotonic() > deadline:
                self._fail(f"{int.from_bytes(left, sys.byteorder)} typed bytes are left after {limit:g} s")
            time.sleep(0.05)

    def start(self, command, limit=COMMAND_LIMIT):
        """Types a command and waits for its echo."""
        self.send(command + "\r")
        self.expect("\n", limit)

    def run(self, command, limit=COMMAND_LIMIT):
        """Types a command at a prompt; returns its output."""
        self.start(command, limit)
        return self.prompt(limit)

    def finish(self, limit=COMMAND_LIMIT):
        """Waits for the orderly end and returns init's status. A leak fails the test."""
        self.wait_until(lambda: self.session.halted, "the end", limit)
        assert self.session.failure is None, self.session.failure
        assert self.session.leaks == []
        self.qemu.wait(10)
        return self.session.status

    @property
    def output(self):
        """All that programs wrote."""
        return self._text(0, None)

    def counts(self):
        """The resources in use, as the program `counts` sees them."""
        lines = self.run("counts").split("\n")
        return {name: int(number) for name, number in (line.split() for line in lines if line)}

    def settled_counts(self, wanted, limit=10.0):
        """Counts as soon as they are `wanted`, or the last ones: who looks does not wait for the
        last steps of a kill."""
        deadline = time.monotonic() + limit
        while (now := self.counts()) != wanted and time.monotonic() < deadline:
            time.sleep(0.2)
        return now

    def fill_history(self):
        """From here on the shell touches no more pages to remember what was typed."""
        for number in range(HISTORY_LINES):
            self.run(f"echo {number}")

    def assert_steady(self, action, limit=10.0):
        """Doing `action` again leaves all counts as they were. Once it is done before counting: the
        shell touches pages of its own when it first says or does something (its history too, which
        is filled here), handler threads are kept for reuse."""
        self.fill_history()
        action()
        before = self.counts()
        for _ in range(5):  # what the first time started may still be ending
            time.sleep(0.2)
            before, earlier = self.counts(), before
            if before == earlier:
                break
        action()
        assert self.settled_counts(before, limit) == before

    def close(self):
        end(self.qemu, grace=1.0)
        self._reader.join(5)
        self._console.close()
        self._errors.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

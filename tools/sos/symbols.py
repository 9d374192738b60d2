# SPDX-License-Identifier: BSD-2-Clause
"""Names of the functions at addresses, by the ELF files of the run. Kernel, server and programs have
text at places of their own, so an address alone tells whose it is."""

import re
import subprocess
from pathlib import Path

ADDR2LINE = "aarch64-linux-gnu-addr2line"
SERVER_BASE, SERVER_END = 0x1000_0000, 0x2000_0000
KERNEL_BASE = 1 << 63
_ADDRESS = re.compile(r"\b(?:pc|lr|at|called from) (?:0x)?([0-9a-f]{6,16})\b")  # in a report


class Symbols:
    """`programs`: the folder in which programs are built, with their names (app_NAME)."""

    def __init__(self, kernel, server, programs):
        self._kernel, self._server = Path(kernel), Path(server)
        self._programs = {path.name.removeprefix("app_"): path
                          for path in sorted(Path(programs).rglob("app_*"))
                          if path.is_file() and not path.suffix}
        self._known = {}

    def program(self, name):
        """The file with the symbols of a program; None when it is none of ours."""
        return self._programs.get(name)

    def _file(self, address, program):
        if address >= KERNEL_BASE:
            return self._kernel
        if SERVER_BASE <= address < SERVER_END:
            return self._server
        return self._programs.get(program)

    def name(self, address, program=None):
        """`function (file:line)`; "" when it is not known."""
        file = self._file(address, program)
        if file is None:
            return ""
        if (file, address) not in self._known:
            self._known[file, address] = self._ask(file, address)
        return self._known[file, address]

    @staticmethod
    def _ask(file, address):
        """The function that the code belongs to, not one that was inlined into it."""
        try:
            told = subprocess.run([ADDR2LINE, "-Cfpie", str(file), hex(address)],
                                  capture_output=True, text=True, check=False).stdout.strip()
        except OSError:
            return ""
        told = told.rpartition("\n")[2].strip().removeprefix("(inlined by) ")
        if not told or told.startswith("??"):
            return ""
        function, _, place = told.partition(" at ")
        return function if place.startswith("??") else f"{function} ({place.split(' ')[0]})"

    def annotate(self, line):
        """A line of a panic's report, with the functions at its addresses of code behind it."""
        names = [self.name(int(found, 16)) for found in _ADDRESS.findall(line)]
        return "  ".join([line, *filter(None, names)])


def for_build(build, kernel=None, server=None):
    """The symbols of a build folder; `kernel`, `server`: files used instead."""
    return Symbols(kernel or build / "kernel" / "kernel.elf", server or build / "server" / "sos.elf",
                   build / "user" / "apps")

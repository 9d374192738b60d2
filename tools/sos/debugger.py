# SPDX-License-Identifier: BSD-2-Clause
"""./sos run --gdb: the machine waits for a debugger, which is told all symbols at once. Kernel and
server have addresses of their own; programs share theirs, so one is named."""

import os
import shlex
from pathlib import Path

import symbols
from children import SosError

GDB = "gdb-multiarch"


def stub_option(path):
    """QEMU's arguments: a debugger's socket there, and nothing runs until it says so."""
    return f"-S -gdb unix:{os.path.relpath(path)},server=on,wait=off"


def command(program, stub, files):
    """gdb's command line, as words."""
    words = [GDB, "-nx", "-ex", "set confirm off", "-ex", "set architecture aarch64",
             "-ex", f"file {files['kernel']}", "-ex", f"add-symbol-file {files['root']}"]
    known = symbols.for_build(Path(files["build"]), files["kernel"], files["root"])
    file = known.program(program) or (Path(program) if Path(program).is_file() else None)
    if file is None:
        raise SosError(f"--gdb {program}: no such program in {files['build']}, and no such file")
    return [*words, "-ex", f"add-symbol-file {file}", "-ex", f"target remote {stub}"]


def instructions(program, stub, files):
    return ("sos: the machine waits for gdb; in another terminal:\n\n  "
            + shlex.join(command(program, stub, files)) + "\n\n"
            "  then, for instance: hbreak kernel_syscall, hbreak sos::syscall::dispatch or\n"
            "  hbreak main, and continue")

# SPDX-License-Identifier: BSD-2-Clause
"""./sos run: a private NFS server, the machine, and the user's terminal in between.

How SOS is told what to do: boot arguments
------------------------------------------
/chosen/bootargs holds words `key=value`, separated by spaces or tabs. A value, or a part of it, may
stand in double quotes, inside which only \\" and \\\\ are escapes and every other byte is itself.
The last of two equal keys wins, so that --append overrides. At most 4096 bytes.

  init=PROGRAM          what to start when the files are there (sosh)
  exec=COMMANDS         init gets two more arguments: -c and this string, whole and uninterpreted
  nfs=ADDRESS[:NFSPORT[:MOUNTPORT]]/EXPORT
                        ADDRESS is dotted; no NFSPORT: 2049; no MOUNTPORT: ask the portmapper there
  ip=dhcp | ADDRESS/LENGTH,GATEWAY
  log.mark=TOKEN        mark SOS's own lines, so that the host can tell them from programs' output:
                        see console.py
  frames=N, pagefile=NAME, console.second_reader=..., console.typeahead=..., log=AREA,...

SOS's closing lines (`sos: init ended, status N`, `sos: leak: ...`, `sos: halted`) tell the status.
"""

import argparse
import filecmp
import json
import math
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import debugger
import machine
import symbols
from bridge import Bridge, Leave, RawTerminal, ignore_signals, leave_on_signals
from children import SosError, end
from console import Session
from monitor import monitor_option
from nfs_server import NfsServer
from run_folder import BUILD, RunFolder

EXEC_TIMEOUT = 120.0
PANICKED = 123  # kernel or server gave up: a bug in SOS
FAILED = 125  # SOS or its surroundings, not a command in SOS
_HALT_GRACE = 2.0


def parse(arguments):
    parser = argparse.ArgumentParser(prog="./sos run", allow_abbrev=False, add_help=False)
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--exec", dest="commands")
    parser.add_argument("--timeout", type=float)
    files = parser.add_mutually_exclusive_group()
    files.add_argument("--export", type=Path)
    files.add_argument("--nfs")
    parser.add_argument("--frames", type=int)
    parser.add_argument("--append", default="")
    parser.add_argument("--kernel", type=Path)
    parser.add_argument("--root", type=Path)
    parser.add_argument("--dtb", type=Path)
    parser.add_argument("--qemu", default="")
    parser.add_argument("--gdb", nargs="?", const="sosh", metavar="PROGRAM")
    parser.add_argument("--release", action="store_true")
    options = parser.parse_args(arguments)
    if options.timeout is not None and not 0 < options.timeout < math.inf:
        parser.error("--timeout: a number of seconds, more than 0")
    if options.frames is not None and options.frames <= 0:
        parser.error("--frames: more than 0")
    for path in (options.kernel, options.root, options.dtb):
        if path is not None and not path.is_file():
            parser.error(f"{path}: no such file")
    try:
        shlex.split(options.qemu)
    except ValueError as error:
        parser.error(f"--qemu: {error}")
    if options.export is not None and not options.export.is_dir():
        parser.error(f"--export: {options.export} is not a folder")
    if options.commands is not None and options.timeout is None and options.gdb is None:
        options.timeout = EXEC_TIMEOUT
    return options


def nfs_argument(text):
    """The user's HOST[:PORT[:MOUNTPORT]]/EXPORT with an address that SOS can use."""
    match = re.fullmatch(r"([^:/\s]+)((?::\d+){0,2})(/\S*)", text)
    if not match:
        raise SosError(f"--nfs {text}: expected HOST[:PORT[:MOUNTPORT]]/EXPORT")
    host, ports, export = match.groups()
    try:
        address = socket.getaddrinfo(host, None, socket.AF_INET)[0][4][0]
    except OSError as error:
        raise SosError(f"--nfs: {host}: {error.strerror}") from None
    if address.startswith("127."):
        address = "10.0.2.2"  # this machine, seen from QEMU's user network
    return address + ports + export


def copy_program(program, target):
    """All of it or nothing: half a program would be taken for the user's own the next time."""
    part = target.with_name(f".{target.name}.part")
    try:
        try:
            shutil.copy2(program, part)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise SosError(f"cannot copy {program.name} into {target.parent}: {error.strerror}") from None


def add_missing_programs(folder):
    """SOS loads its programs from the folder it is given, so they must be there."""
    for program in sorted((BUILD / "rootfs").iterdir()):
        target = folder / program.name
        if not program.is_file() or not os.access(program, os.X_OK):
            continue
        if not target.exists():
            copy_program(program, target)
            print(f"sos: copied {program.name} into {folder}", file=sys.stderr)
        elif not filecmp.cmp(program, target, shallow=False):
            print(f"sos: {target} differs from this build's; used as it is", file=sys.stderr)


def elf_files(options):
    """The ELF files in the image, for whoever needs their symbols."""
    built = BUILD / ("aarch64-release" if options.release else "aarch64-debug")
    return {"build": built, "kernel": options.kernel or built / "kernel" / "kernel.elf",
            "root": options.root or built / "server" / "sos.elf"}


def image_for(options, files, work):
    """The boot image: the build's, or one packed with the user's kernel, root task or tree."""
    release = options.release
    image = BUILD / ("sos-release.img" if release else "sos.img")
    if not (options.kernel or options.root or options.dtb):
        return image
    image = work / "sos.img"
    machine.pack(image, files["build"] / "loader" / "loader.elf", files["kernel"], files["root"],
                 options.dtb)
    return image


def boot_arguments(options, session, nfs):
    settings = [("init", "sosh"), ("nfs", nfs), ("ip", machine.STATIC_ADDRESS),
                ("log.mark", session.token)]
    if options.commands is not None:
        settings.append(("exec", options.commands))
    elif not os.isatty(0):
        settings.append(("console.typeahead", "on"))  # a script does not see who reads it
    if options.frames is not None:
        settings.append(("frames", str(options.frames)))
    return machine.bootargs(settings, options.append)


def panic_report(lines, files):
    """What a panic printed, with the names of the functions at its addresses."""
    names = symbols.for_build(files["build"], files["kernel"], files["root"])
    return ["SOS has panicked", *("  " + names.annotate(line) for line in lines)]


def converse(options, session, qemu, work, files):
    """Runs the session to its end and returns the exit status."""
    interactive = options.commands is None
    if interactive and os.isatty(0):
        print("SOS runs in QEMU; Ctrl-] leaves.", file=sys.stderr)
    with open(work / "console.log", "wb") as log:
        bridge = Bridge(qemu, session, log, interactive, options.timeout)
        try:
            with RawTerminal():
                bridge.run()
            if session.halted:  # a kernel that cannot power off stays; the caller ends it
                try:
                    qemu.wait(_HALT_GRACE)
                except subprocess.TimeoutExpired:
                    pass
            if session.failure is None and session.status is not None:
                return session.status
            panic = session.ended_by_panic()
            if panic:
                raise Leave(PANICKED, "\n".join(panic_report(panic, files)))
            raise Leave(FAILED, session.failure or "SOS ended before its init did")
        except Leave as leave:
            if leave.reason is not None:
                print(f"sos: {leave.reason}; the console's last lines:", file=sys.stderr)
                for line in bridge.tail():
                    print("  | " + line, file=sys.stderr)
                print(f"  (all of it: {work}/console.log)", file=sys.stderr)
            raise


def run(options):
    folder = RunFolder()
    server = qemu = None
    try:
        session = Session()
        if options.nfs is not None:
            nfs = nfs_argument(options.nfs)
        else:
            export = options.export or BUILD / "rootfs"
            if options.export:
                add_missing_programs(export)
            server = NfsServer(export, folder.path)
            nfs = server.address
        files = elf_files(options)
        image = image_for(options, files, folder.path)
        (folder.path / "machine.json").write_text(
            json.dumps({key: str(Path(path).absolute()) for key, path in files.items()}))
        extra = f"{monitor_option(folder.path / 'monitor')} {options.qemu}"
        if options.gdb is not None:
            extra += " " + debugger.stub_option(folder.path / "gdb")
            print(debugger.instructions(options.gdb, folder.path / "gdb", files), file=sys.stderr)
        with open(folder.path / "qemu.log", "wb") as errors:
            qemu = machine.start(image, boot_arguments(options, session, nfs), errors, extra)
        return converse(options, session, qemu, folder.path, files)
    finally:
        ignore_signals()
        if qemu is not None:
            end(qemu, grace=1.0)
        if server is not None:
            server.close()
        folder.close()


def main():
    options = parse(sys.argv[1:])
    if options.check:
        return 0
    leave_on_signals()
    try:
        return run(options)
    except Leave as leave:
        return leave.status
    except SosError as error:
        print(f"sos: {error}", file=sys.stderr)
        return FAILED


if __name__ == "__main__":
    sys.exit(main())

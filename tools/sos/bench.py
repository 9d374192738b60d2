# SPDX-License-Identifier: BSD-2-Clause
"""./sos bench: measurements of the release build in QEMU, with SOS's clock and the cycle counter.

The kernel and the timeout list are measured alone, in instructions (kernel_bench.py, timer_bench.py);
`process` in instructions too, on a machine that counts them; files against Linux (files_bench.py),
which takes some minutes and is done only when it is asked for. Each other group gives pairs
of name and number; the unit is the last part of the name. Those numbers of one machine at one time
can be compared, others not: QEMU's speed is the machine's.
"""

import argparse
import json
import re
import sys
import tempfile
from pathlib import Path

import kernel_bench
import timer_bench
from children import SosError
from nfs_server import NfsServer
from run_folder import BUILD, REPOSITORY

sys.path.insert(0, str(REPOSITORY / "tests" / "system"))

import files_bench  # noqa: E402
import scenario  # noqa: E402

_LIMIT = 240.0
_RELEASE = BUILD / "aarch64-release"


def _program(what):
    """A group that the program `bench` measures."""
    def group(sos, _root):
        for line in sos.run(f"bench {what}", limit=_LIMIT).splitlines():
            words = line.split()
            if len(words) != 2:
                raise SosError(line)
            yield words[0], float(words[1])
    return group


GROUPS = {"calls": _program("calls"), "memory": _program("memory")}

# An instruction takes a nanosecond and is a cycle; the clock stands still for nothing else.
_COUNTING = "-icount shift=0"


def process():
    """Instructions of what programs do most. The numbers stand on lines of their own, since one of
    the operations writes to the console."""
    with tempfile.TemporaryDirectory(prefix="sos-bench-") as work:
        root = Path(work) / "export"
        root.mkdir()
        scenario.populate(root, _RELEASE)
        with NfsServer(root, work) as server, scenario.Sos(
                Path(work) / "sos", server, image=BUILD / "sos-release.img",
                qemu=_COUNTING) as sos:
            sos.prompt()
            output = sos.run("bench process", limit=_LIMIT)
    numbers = {name: int(value) for name, value in re.findall(r"^(\w+) (\d+)$", output, re.M)}
    if set(numbers) != set(_with_kernel(PROCESS)):
        raise SosError("bench process: " + output.strip())
    return numbers


def _with_kernel(names):
    """Beside each number of instructions stands how many of them are the kernel's."""
    return [key for name in names for key in (name, f"{name}_kernel")]


# Frames and working set of the paging measurement: twice the frames.
_PAGING_FRAMES, _PAGING_MIB = 8192, 64


def _run_alone(command, **options):
    """The numbers that a command prints in a machine of its own."""
    with tempfile.TemporaryDirectory(prefix="sos-bench-") as work:
        root = Path(work) / "export"
        root.mkdir()
        scenario.populate(root, _RELEASE)
        with NfsServer(root, work) as server, scenario.Sos(
                Path(work) / "sos", server, image=BUILD / "sos-release.img", **options) as sos:
            sos.prompt()
            output = sos.run(command, limit=_LIMIT)
    return {name: float(value) for name, value in re.findall(r"^(\w+) ([\d.]+)$", output, re.M)}


def vm():
    """Instructions of faults, and paging in megabytes a second."""
    numbers = {name: int(value)
               for name, value in _run_alone("bench faults", qemu=_COUNTING).items()}
    numbers |= _run_alone(f"bench paging {_PAGING_MIB}", append=f"frames={_PAGING_FRAMES}")
    if set(numbers) != set(_with_kernel(_FAULTS)) | set(VM):
        raise SosError(f"bench vm: {numbers}")
    return numbers


# What Linux 6.1 needs or does in the same QEMU (paging: to a file on the same NFS server)
VM = {
    "first_touch": ("first touch of a page, instructions", 3034),
    "soft_fault": ("touch after a second chance, instructions", None),
    "dirty_fault": ("first write to a page that was read, instructions", None),
    "pageout_mbs": ("twice the frames written once, MB/s", 15),
    "pagein_mbs": ("the same read in sequence, MB/s", 11.5),
}
_FAULTS = ("first_touch", "soft_fault", "dirty_fault")


def vm_table(numbers):
    lines = [f"{'':<52}{'ours':>8}{'kernel':>8}{'server':>8}{'Linux':>8}"]
    for key, (text, linux) in VM.items():
        kernel = numbers.get(f"{key}_kernel", "-")
        # (What the program itself needs for a touch is less than ten instructions.)
        server = numbers[key] - kernel if key in _FAULTS else "-"
        lines.append(f"{text:<52}{numbers[key]:>8}{kernel:>8}{server:>8}{linux or '-':>8}")
    return "\n".join(lines)


# What Linux 6.1 needs in the same QEMU, and what we want at most
PROCESS = {
    "spawn_wait": ("posix_spawn and waitpid of a tiny program", 216_000, 100_000),
    "getpid": ("getpid", 327, 500),
    "read1_console_write": ("read a byte of a file, write it to the console", None, None),
    "stat": ("sos_stat of a file", None, None),
}


def process_table(numbers):
    lines = [f"{'instructions':<50}{'ours':>8}{'kernel':>8}{'goal':>8}{'Linux':>10}"]
    for key, (text, linux, goal) in PROCESS.items():
        lines.append(f"{text:<50}{numbers[key]:>8}{numbers[f'{key}_kernel']:>8}"
                     f"{goal or '-':>8}{linux or '-':>10}")
    return "\n".join(lines)


def measure(names):
    numbers = {}
    with tempfile.TemporaryDirectory(prefix="sos-bench-") as work:
        root = Path(work) / "export"
        root.mkdir()
        scenario.populate(root, _RELEASE)
        with NfsServer(root, work) as server, scenario.Sos(
                Path(work) / "sos", server, image=BUILD / "sos-release.img") as sos:
            sos.prompt()
            numbers["boot_to_prompt_s"] = round(sos.booted_after, 2)
            for name in names:
                numbers.update(GROUPS[name](sos, root))
    return numbers


def main():
    parser = argparse.ArgumentParser(prog="./sos bench")
    parser.add_argument("group", nargs="?",
                        choices=["kernel", "timer", "process", "vm", "files", *GROUPS])
    parser.add_argument("--json", action="store_true", help="one object of name: number")
    parser.add_argument("--runs", type=int, default=5, help="of files: how many to take medians of")
    parser.add_argument("--short", action="store_true",
                        help="of files: one run with small files, to see that it works")
    parser.add_argument("--save", action="store_true", help="of files: into docs/bench")
    options = parser.parse_args()
    if options.runs < 1 or (options.save and options.short):
        parser.error("--runs is at least 1, and a short run is not worth saving")
    counts, timer, processes, paging, numbers = {}, {}, {}, {}, {}
    try:
        if options.group in (None, "kernel"):
            counts = kernel_bench.measure()
        if options.group in (None, "timer"):
            timer = timer_bench.measure()
        if options.group in (None, "process"):
            processes = process()
        if options.group in (None, "vm"):
            paging = vm()
        if options.group == "files":
            with tempfile.TemporaryDirectory(prefix="sos-bench-") as work:
                numbers = (files_bench.measure(work, 1, files_bench.SHORT_MEGABYTES)
                           if options.short else files_bench.measure(work, options.runs))
            if options.save:
                files_bench.save(numbers, options.runs)
        elif options.group not in ("kernel", "timer", "process", "vm"):
            numbers = measure([options.group] if options.group else list(GROUPS))
    except (SosError, scenario.Hang) as error:
        sys.exit(f"sos: {error}")
    if options.json:
        print(json.dumps(counts | timer | processes | paging | numbers))
    elif options.group == "files":
        print(files_bench.table(numbers))
    else:
        if counts:
            print(kernel_bench.table(counts))
        if timer:
            print(timer_bench.plot(timer))
        if processes:
            print(process_table(processes))
        if paging:
            print(vm_table(paging))
        for name, number in numbers.items():
            print(f"{name:<32} {number:>10}")


if __name__ == "__main__":
    main()

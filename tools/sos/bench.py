# SPDX-License-Identifier: BSD-2-Clause
"""./sos bench: measurements of the release build in QEMU, with SOS's clock and the cycle counter.

The kernel is measured alone, in instructions, see kernel_bench.py; files against Linux, see
files_bench.py, which takes a quarter of an hour and is done only when it is asked for. Each other
group gives pairs of name and number; the unit is the last part of the name. Numbers of one machine
at one time can be compared, others not: QEMU's speed is the machine's.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import kernel_bench
from children import SosError
from nfs_server import NfsServer
from run_folder import BUILD, REPOSITORY

sys.path.insert(0, str(REPOSITORY / "tests" / "system"))

import files_bench  # noqa: E402
import scenario  # noqa: E402

_LIMIT = 240.0


def _program(what):
    """A group that the program `bench` measures."""
    def group(sos, _root):
        for line in sos.run(f"bench {what}", limit=_LIMIT).splitlines():
            words = line.split()
            if len(words) != 2:
                raise SosError(line)
            yield words[0], float(words[1])
    return group


GROUPS = {"calls": _program("calls"), "vm": _program("memory"), "process": _program("process")}


def measure(names):
    numbers = {}
    with tempfile.TemporaryDirectory(prefix="sos-bench-") as work:
        root = Path(work) / "export"
        root.mkdir()
        scenario.populate(root)
        with NfsServer(root, work) as server, scenario.Sos(
                Path(work) / "sos", server, image=BUILD / "sos-release.img") as sos:
            sos.prompt()
            numbers["boot_to_prompt_s"] = round(sos.booted_after, 2)
            for name in names:
                numbers.update(GROUPS[name](sos, root))
    return numbers


def main():
    parser = argparse.ArgumentParser(prog="./sos bench")
    parser.add_argument("group", nargs="?", choices=["kernel", "files", *GROUPS])
    parser.add_argument("--json", action="store_true", help="one object of name: number")
    parser.add_argument("--runs", type=int, default=5, help="of files: how many to take medians of")
    parser.add_argument("--save", action="store_true", help="of files: into docs/bench")
    options = parser.parse_args()
    counts, numbers = {}, {}
    try:
        if options.group in (None, "kernel"):
            counts = kernel_bench.measure()
        if options.group == "files":
            with tempfile.TemporaryDirectory(prefix="sos-bench-") as work:
                numbers = files_bench.measure(work, options.runs)
            if options.save:
                files_bench.save(numbers, options.runs)
        elif options.group != "kernel":
            numbers = measure([options.group] if options.group else list(GROUPS))
    except (SosError, scenario.Hang) as error:
        sys.exit(f"sos: {error}")
    if options.json:
        print(json.dumps(counts | numbers))
    elif options.group == "files":
        print(files_bench.table(numbers))
    else:
        if counts:
            print(kernel_bench.table(counts))
        for name, number in numbers.items():
            print(f"{name:<32} {number:>10}")


if __name__ == "__main__":
    main()

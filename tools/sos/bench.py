# SPDX-License-Identifier: BSD-2-Clause
"""./sos bench: measurements of the release build, in QEMU, by wall clock as SOS sees it.

Each group of measurements is a function that gives pairs of name and number; the unit is the last
part of the name.
"""

import argparse
import json
import re
import sys
import tempfile
from pathlib import Path

from children import SosError
from nfs_server import NfsServer
from run_folder import BUILD, REPOSITORY

sys.path.insert(0, str(REPOSITORY / "tests" / "system"))

import scenario  # noqa: E402

_FILE_SIZE = 20 << 20
_ROUNDS = 50
_LIMIT = 240.0


def _rate(sos, mode, name, piece):
    """Megabytes a second of one pass over a file."""
    out = sos.run(f"verify {mode} {name} {_FILE_SIZE} {piece}", limit=_LIMIT)
    found = re.search(r"(\d+) bytes, (\d+) us", out)
    if not found:
        raise SosError(f"verify {mode}: {out.strip()}")
    return round(int(found[1]) / int(found[2]), 2)


def files(sos, root):
    """Sequential transfers of 20 MiB; each reads a file that SOS has not seen before."""
    for piece in (4096, 65536, 1 << 20):
        name = f"cold{piece}"
        (root / name).write_bytes(bytes(_FILE_SIZE))
        yield f"read_{piece // 1024}k_mb_per_s", _rate(sos, "skim", name, piece)
        yield f"write_{piece // 1024}k_mb_per_s", _rate(sos, "pour", f"out{piece}", piece)


def process(sos, _root):
    """Creation, exit and wait of the smallest program."""
    sos.run("churn 2 -1 leave", limit=_LIMIT)
    out = sos.run(f"time churn {_ROUNDS} -1 leave", limit=_LIMIT)
    found = re.search(r"(\d+\.\d+) seconds", out)
    if not found:
        raise SosError(f"churn: {out.strip()}")
    yield "exec_exit_wait_us", round(float(found[1]) * 1e6 / _ROUNDS, 1)


GROUPS = {"files": files, "process": process}
PLANNED = ("kernel", "vm")


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
    parser.add_argument("group", nargs="?", choices=[*GROUPS, *PLANNED])
    parser.add_argument("--json", action="store_true", help="one object of name: number")
    options = parser.parse_args()
    if options.group in PLANNED:
        sys.exit(f"sos: nothing is measured in group {options.group} yet")
    try:
        numbers = measure([options.group] if options.group else list(GROUPS))
    except (SosError, scenario.Hang) as error:
        sys.exit(f"sos: {error}")
    if options.json:
        print(json.dumps(numbers))
    else:
        for name, number in numbers.items():
            print(f"{name:<32} {number:>10}")


if __name__ == "__main__":
    main()

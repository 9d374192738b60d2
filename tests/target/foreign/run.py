#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Boots a kernel and a root task by the foreign loader (loader.S): puts their contents into memory
as flat files, and beside them what the loader must know. Judged by run_target.py."""

import argparse
import pathlib
import struct
import subprocess
import sys

KERNEL_START, PARAMETERS, KERNEL_FILE, ROOT = 0x4000_0000, 0x6010_0000, 0x6100_0000, 0x5000_0000
TREE_FROM, TREE_TO, TREE_SIZE = 0x4000_0000, 0x4400_0000, 0x10_0000  # QEMU's tree and room for it
PT_LOAD = 1


def flatten(path):
    """(content from the lowest virtual address, that address, bytes in memory, entry)"""
    data = path.read_bytes()
    entry, offset = struct.unpack_from("<QQ", data, 24)
    size, count = struct.unpack_from("<HH", data, 54)
    segments = []
    for i in range(count):
        kind, _, at, vaddr, _, in_file, in_memory, _ = struct.unpack_from(
            "<IIQQQQQQ", data, offset + i * size)
        if kind == PT_LOAD and in_memory != 0:
            segments.append((vaddr, data[at:at + in_file], in_memory))
    lowest = min(vaddr for vaddr, _, _ in segments)
    end = max(vaddr + in_memory for vaddr, _, in_memory in segments)
    content = bytearray(max(vaddr - lowest + len(part) for vaddr, part, _ in segments))
    for vaddr, part, _ in segments:
        content[vaddr - lowest:vaddr - lowest + len(part)] = part
    return bytes(content), lowest, end - lowest, entry


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("loader", "kernel", "root"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    parser.add_argument("--folder", type=pathlib.Path, required=True, help="for what is made")
    parser.add_argument("--name", required=True)
    parser.add_argument("--tree", action="store_true", help="pass the machine's device tree")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)

    kernel, _, kernel_range, kernel_entry = flatten(arguments.kernel)
    root, root_virtual, root_range, root_entry = flatten(arguments.root)
    root_end = ROOT + (root_range + 4095) // 4096 * 4096
    tree = (TREE_TO, TREE_SIZE) if arguments.tree else (0, 0)
    parameters = struct.pack("<11Q", KERNEL_FILE, len(kernel), kernel_range, TREE_FROM, ROOT, root_end,
                             (ROOT - root_virtual) % 2**64, root_entry, *tree, kernel_entry)
    devices = []
    for name, address, content in (("kernel", KERNEL_FILE, kernel), ("root", ROOT, root),
                                   ("parameters", PARAMETERS, parameters)):
        file = arguments.folder / f"{arguments.name}_{name}.bin"
        file.write_bytes(content)
        devices += ["-device", f"loader,file={file},addr={address:#x},force-raw=on"]
    run_target = pathlib.Path(__file__).resolve().parent.parent / "run_target.py"
    return subprocess.run([sys.executable, run_target, arguments.loader, "--name", arguments.name,
                           "--log", arguments.folder / f"{arguments.name}.log", "--timeout", "60",
                           "--", *devices], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

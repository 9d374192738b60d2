#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Packs a loader, a kernel, a root task and perhaps a device tree into one arm64 boot image.

The image is the flat loader followed by a newc CPIO archive (kernel.elf, kernel.dtb, root task).
The loader's header gets the size of the archive and the memory that the image takes, including the
room behind the archive in which the loader keeps the device tree of the firmware.
"""

import argparse
import pathlib
import struct
import sys

HEADER_MAGIC = b"ARM\x64"
BOOT_MAGIC = b"SOSBOOT1"
IMAGE_SIZE_AT = 16
MAGIC_AT = 56
BOOT_MAGIC_AT = 64
ARCHIVE_SIZE_AT = 72
ARCHIVE_OFFSET_AT = 80
TREE_ROOM = 0x100000  # max_tree_size in loader/plan.hpp
PAGE = 4096
MAX_FILE = 0xFFFFFFFF


def align_up(value, power_of_two):
    return (value + power_of_two - 1) & ~(power_of_two - 1)


def flat_loader(data):
    """The flat form of the loader: ELF segments laid out from the lowest physical address."""
    if data[:4] != b"\x7fELF":
        return data
    phoff, = struct.unpack_from("<Q", data, 32)
    phentsize, phnum = struct.unpack_from("<HH", data, 54)
    segments = []
    for i in range(phnum):
        kind, _, offset, _, paddr, filesz, _, _ = struct.unpack_from(
            "<IIQQQQQQ", data, phoff + i * phentsize)
        if kind == 1 and filesz:
            segments.append((paddr, data[offset:offset + filesz]))
    start = min(paddr for paddr, _ in segments)
    flat = bytearray(max(paddr + len(content) for paddr, content in segments) - start)
    for paddr, content in segments:
        flat[paddr - start:paddr - start + len(content)] = content
    return bytes(flat)


def cpio_entry(name, content, mode=0o100644):
    if len(content) > MAX_FILE:
        raise ValueError(f"{name}: larger than a CPIO archive can hold")
    encoded = name.encode() + b"\0"
    fields = [0, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(encoded), 0]
    header = b"070701" + b"".join(b"%08X" % field for field in fields)
    entry = header + encoded
    entry += bytes(align_up(len(entry), 4) - len(entry)) + content
    return entry + bytes(align_up(len(entry), 4) - len(entry))


def archive(files):
    return b"".join(cpio_entry(name, content) for name, content in files + [("TRAILER!!!", b"")])


def pack(loader, files):
    image = bytearray(flat_loader(loader))
    if image[MAGIC_AT:MAGIC_AT + 4] != HEADER_MAGIC or \
            image[BOOT_MAGIC_AT:BOOT_MAGIC_AT + 8] != BOOT_MAGIC:
        raise ValueError("the loader has no boot header")
    offset, = struct.unpack_from("<Q", image, ARCHIVE_OFFSET_AT)
    if len(image) > offset:
        raise ValueError("the loader reaches into its archive")
    image += bytes(offset - len(image))
    packed = archive(files)
    image += packed
    memory = align_up(len(image), PAGE) + TREE_ROOM
    struct.pack_into("<Q", image, IMAGE_SIZE_AT, memory)
    struct.pack_into("<Q", image, ARCHIVE_SIZE_AT, len(packed))
    return bytes(image)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--loader", required=True, type=pathlib.Path, help="flat binary or ELF")
    parser.add_argument("--kernel", required=True, type=pathlib.Path, help="kernel ELF")
    parser.add_argument("--root", required=True, type=pathlib.Path, help="root task ELF")
    parser.add_argument("--dtb", type=pathlib.Path, help="device tree to use instead of the firmware's")
    parser.add_argument("-o", "--output", required=True, type=pathlib.Path)
    arguments = parser.parse_args()
    try:
        files = [("kernel.elf", arguments.kernel.read_bytes())]
        if arguments.dtb:
            files.append(("kernel.dtb", arguments.dtb.read_bytes()))
        files.append(("rootserver", arguments.root.read_bytes()))
        image = pack(arguments.loader.read_bytes(), files)
        arguments.output.write_bytes(image)
    except (OSError, ValueError, struct.error) as error:
        print(f"pack_image: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

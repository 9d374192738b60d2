#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests of tools/pack_image.py: header fields, archive layout, refusals."""

import pathlib
import struct
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "tools"))
import pack_image  # noqa: E402


def make_loader(size=4096, archive_at=8192):
    image = bytearray(size)
    image[56:60] = b"ARM\x64"
    image[64:72] = b"SOSBOOT1"
    struct.pack_into("<Q", image, 80, archive_at)
    return bytes(image)


def make_elf_loader(flat):
    header = bytearray(120)
    header[:4] = b"\x7fELF"
    struct.pack_into("<Q", header, 32, 64)
    struct.pack_into("<HH", header, 54, 56, 1)
    struct.pack_into("<IIQQQQQQ", header, 64, 1, 7, 120, 0x48000000, 0x48000000, len(flat),
                     len(flat), 4096)
    return bytes(header) + flat


class PackImage(unittest.TestCase):
    FILES = [("kernel.elf", b"kernel!"), ("rootserver", b"root")]

    def test_header_names_archive_and_memory(self):
        image = pack_image.pack(make_loader(), self.FILES)
        size, = struct.unpack_from("<Q", image, 72)
        memory, = struct.unpack_from("<Q", image, 16)
        self.assertEqual(8192 + size, len(image))
        self.assertGreaterEqual(memory, len(image) + pack_image.TREE_ROOM)
        self.assertEqual(memory % 4096, 0)

    def test_archive_is_newc(self):
        image = pack_image.pack(make_loader(), self.FILES)
        archive = image[8192:]
        self.assertEqual(archive[:6], b"070701")
        self.assertEqual(int(archive[6 + 6 * 8:6 + 7 * 8], 16), 7)
        self.assertEqual(archive[110:121], b"kernel.elf\0")
        self.assertEqual(archive[124:131], b"kernel!")
        self.assertIn(b"TRAILER!!!\0", archive)
        self.assertEqual(len(archive) % 4, 0)

    def test_elf_loader_is_flattened(self):
        flat = make_loader()
        self.assertEqual(pack_image.pack(make_elf_loader(flat), self.FILES),
                         pack_image.pack(flat, self.FILES))

    def test_refuses_other_files_as_loader(self):
        with self.assertRaises(ValueError):
            pack_image.pack(bytes(4096), self.FILES)
        with self.assertRaises(ValueError):
            pack_image.pack(make_loader(size=8200), self.FILES)


if __name__ == "__main__":
    unittest.main()

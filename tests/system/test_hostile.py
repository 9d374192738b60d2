# SPDX-License-Identifier: BSD-2-Clause
"""Programs that do what they must not, and files that are not what they say. It may cost the
program its life; SOS goes on, and nothing leaks."""

import pathlib
import re
import struct

import pytest

COMMANDS_LIMIT = 200.0
HEADER, ENTRY = 64, 56  # sizes of the ELF header and of a program header
TOP = (1 << 64) - 1


# The groups of sostest's cases, as its source has them: one boot each, so that no limit is long.
SOSTEST = pathlib.Path(__file__).resolve().parents[2] / "user" / "apps" / "sostest"
SOSTEST_GROUPS = sorted({group for source in SOSTEST.glob("*.cpp")
                         for group in re.findall(r"\b([A-Z]+)_\d{4}\b", source.read_text())}
                        - {"SOAK"})


@pytest.mark.parametrize("commands", ["forbidden all", "endpoint 2"] +
                         [f"sostest {group}" for group in SOSTEST_GROUPS])
def test_programs_that_judge_themselves(boot, commands):
    sos = boot(commands=commands)
    assert sos.finish(limit=COMMANDS_LIMIT) == 0, sos.output[-2000:]


class Elf:
    """A good program, to be spoiled field by field."""

    FIELDS = {  # of the header: offset, format
        "class": (4, "<B"), "data": (5, "<B"), "version": (6, "<B"), "type": (16, "<H"),
        "machine": (18, "<H"), "entry": (24, "<Q"), "phoff": (32, "<Q"), "phentsize": (54, "<H"),
        "phnum": (56, "<H"),
    }
    SEGMENT_FIELDS = {
        "p_type": (0, "<I"), "p_flags": (4, "<I"), "p_offset": (8, "<Q"), "p_vaddr": (16, "<Q"),
        "p_filesz": (32, "<Q"), "p_memsz": (40, "<Q"), "p_align": (48, "<Q"),
    }

    def __init__(self, data):
        self.data = data
        self.phoff, = struct.unpack_from("<Q", data, 32)
        self.phnum, = struct.unpack_from("<H", data, 56)
        self.loads = [self.phoff + i * ENTRY for i in range(self.phnum)
                      if struct.unpack_from("<I", data, self.phoff + i * ENTRY)[0] == 1]

    def with_value(self, at, form, value):
        changed = bytearray(self.data)
        struct.pack_into(form, changed, at, value & ((1 << 8 * struct.calcsize(form)) - 1))
        return bytes(changed)

    def truncated(self):
        """Cut at and around the boundaries of headers and segments."""
        cuts = {0, 1, 4, 15, 16, HEADER - 1, HEADER, self.phoff, self.phoff + 1}
        cuts |= {self.phoff + i * ENTRY for i in range(self.phnum + 1)}
        for at in self.loads:
            offset, = struct.unpack_from("<Q", self.data, at + 8)
            size, = struct.unpack_from("<Q", self.data, at + 32)
            cuts |= {offset, offset + size // 2, offset + size - 1}
        for cut in sorted(c for c in cuts if 0 <= c < len(self.data)):
            yield f"cut-{cut}", self.data[:cut]

    def spoiled(self):
        """One field after the other set to values that no honest file has."""
        for name, (at, form) in self.FIELDS.items():
            for value in (0, 0xff, 0x7fff, TOP, 1 << 47, 0xffffff8040000000, TOP - 0xfff):
                yield f"{name}-{value:x}", self.with_value(at, form, value)
        for number, start in enumerate(self.loads):
            for name, (at, form) in self.SEGMENT_FIELDS.items():
                for value in (0, 1, 0xfff, 1 << 31, 1 << 47, 1 << 63, TOP, TOP - 0xfff,
                              0xffffff8040000000):
                    changed = self.with_value(start + at, form, value)
                    yield f"{name}{number}-{value:x}", changed


def refused_or_killed(out):
    """What sosh says of a program that did not start, or was ended for what it did."""
    return "sosh: " in out


@pytest.mark.parametrize("kind", ["truncated", "spoiled"])
def test_damaged_programs(sos, root, kind):
    """Each is refused with a reason, dies, or runs (a change may be harmless); afterwards all is
    as it was. What runs is ended with the interrupt key if it must be."""
    files = list(getattr(Elf((root / "leave").read_bytes()), kind)())
    for name, data in files:
        (root / name).write_bytes(data)
        (root / name).chmod(0o755)

    def run_all():
        for name, _ in files:
            out = sos.run(name, limit=20)
            if name.startswith("cut-"):
                assert refused_or_killed(out), f"{name}: {out!r}"

    sos.assert_steady(run_all)
    assert "motd" in sos.run("ls")


def test_program_that_is_overwritten_while_it_runs(sos, root):
    good = (root / "tick").read_bytes()
    (root / "victim").write_bytes(good)
    (root / "victim").chmod(0o755)
    sos.run("victim &")
    (root / "victim").write_bytes(b"\0" * len(good))
    assert "sosh" in sos.run("ps")

# SPDX-License-Identifier: BSD-2-Clause
"""Files in both directions, byte for byte, and a server that has no room."""

import contextlib
import os
import re
import resource
import signal
import subprocess
import time

import pytest

from nfs_server import NfsServer
from scenario import Sos, pattern, populate

SIZES = [0, 1, 4095, 4096, 4097, 6143, 6144, 6145, 1 << 20, 20 << 20]


@pytest.fixture(scope="module")
def contents():
    """Different bytes for each size, hard to compress and to confuse."""
    return {size: os.urandom(size) for size in SIZES}


def test_copies_are_identical(sos, root, contents):
    for size, data in contents.items():
        (root / f"in{size}").write_bytes(data)
        assert sos.run(f"cp in{size} out{size}", limit=120) == ""
        assert (root / f"out{size}").read_bytes() == data, f"{size} bytes"


@pytest.mark.parametrize("piece", [512, 4096, 5000, 65536, 1 << 20])
def test_host_reads_what_sos_wrote_and_back(sos, root, piece):
    size = 3 * 65536 + 4097
    assert f"verify: {size} bytes" in sos.run(f"verify write w {size} {piece}", limit=60)
    data = (root / "w").read_bytes()
    assert data == pattern(size)
    (root / "r").write_bytes(data)
    assert f"verify: {size} bytes" in sos.run(f"verify read r {size} {piece}", limit=60)


def test_shorter_copy_leaves_no_tail(sos, root):
    (root / "long").write_bytes(b"x" * 10000)
    (root / "short").write_bytes(b"y")
    sos.run("cp short long")
    assert (root / "long").read_bytes() == b"y"


def test_change_on_the_host_is_seen(sos, root):
    (root / "news").write_bytes(b"first\n")
    assert sos.run("cat news") == "first\n"
    (root / "news").write_bytes(b"second version\n")
    assert sos.run("cat news") == "second version\n"


def test_what_a_killed_program_wrote_in_small_pieces_reaches_the_host(sos, root):
    out = sos.run("sostest --role write-lines stay &")
    pid = re.search(r"\[pid (\d+)\]", out)[1]
    deadline = time.monotonic() + 20
    while not (root / "sostest.go").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    sos.run(f"kill {pid}")
    wanted = "".join(f"line {number:9}\n" for number in range(3000))
    while (root / "sostest.tmp").read_text() != wanted:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_listing_of_many_files(sos, root):
    for number in range(500):
        (root / f"f{number:04}").touch()
    listed = sos.run("ls", limit=60).split()
    assert listed == sorted(f.name for f in root.iterdir() if f.name != "pagefile")


def test_read_only_file_is_refused_with_a_reason(sos, root):
    assert "No such file" in sos.run("cat nothing-here")
    (root / "folder").mkdir()
    assert "irectory" in sos.run("cat folder")


def test_server_without_the_kernels_file_handles(root, tmp_path):
    """What an ordinary user's server does: handles are emulated, also across renames on the host and
    a restart of the server."""
    (root / "folder").mkdir()
    data = pattern(300000)
    (root / "folder" / "data").write_bytes(data)
    with NfsServer(root, tmp_path, emulate_handles=True) as server, \
            Sos(tmp_path / "sos", server) as sos:
        sos.prompt()
        assert sos.run("cp folder/data copy") == ""
        assert (root / "copy").read_bytes() == data
        (root / "folder").rename(root / "renamed")
        assert sos.run("cp renamed/data copy2", limit=60) == ""
        server.kill()
        server.restart()
        assert sos.run("cp renamed/data copy3", limit=60) == ""
        assert (root / "copy3").read_bytes() == data
        sos.run("mv copy3 moved; rm copy2")
        assert (root / "moved").read_bytes() == data
        assert not (root / "copy2").exists()
        assert "No such file" in sos.run("cat copy2")


@contextlib.contextmanager
def small_disk(folder, size):
    """A file system of `size` bytes at `folder`, if this user may mount one."""
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)],
                             capture_output=True, check=False).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=False)


def test_full_disk(tmp_path):
    """The program that writes learns of it, what was written before is there, and SOS lives on. A
    user who cannot mount gets the same from a limit on the size of the server's files."""
    folder = tmp_path / "disk"
    folder.mkdir()
    limit = 8 << 20
    with small_disk(folder, limit) as mounted:
        populate(folder)
        (folder / "big").write_bytes(b"z" * (2 << 20))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        with NfsServer(folder, tmp_path) as server, Sos(tmp_path / "sos", server) as sos:
            if not mounted:
                resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (limit, limit))
            sos.prompt()
            before = sos.counts()
            out = sos.run(f"verify write huge {limit + (1 << 20)} 65536", limit=120)
            assert "verify: " in out and "bytes" not in out, out
            assert (folder / "huge").stat().st_size <= limit
            assert sos.settled_counts(before) == before
            sos.run("rm huge")
            assert sos.run("cp big copy", limit=60) == ""
            assert (folder / "copy").read_bytes() == b"z" * (2 << 20)

# SPDX-License-Identifier: BSD-2-Clause
"""Demand paging: with few frames everything works as with many, only more slowly; and what happens
to the page file, to executables and to the server never gives a process wrong data."""

import os
import random
import time

import pytest

from lying_server import NO_SPACE, READ_ONLY, LyingServer
from scenario import pattern

PAGE = 4096
THRASH_LIMIT = 200.0


def paging_counts(sos):
    """What `vmstat -c` says."""
    lines = sos.run("vmstat -c").splitlines()
    return {name: int(number) for name, number in (line.split() for line in lines)}


@pytest.fixture
def small(boot):
    """A machine with the least number of frames, at its prompt."""
    sos = boot(append="frames=16")
    sos.prompt()
    return sos


def leave(sos):
    """Ends the shell: nothing may be left of what was done."""
    sos.run("echo")  # whose status the shell ends with
    sos.send("exit\r")
    assert sos.finish() == 0


def test_shell_works_with_sixteen_frames(small, root):
    (root / "in").write_bytes(pattern(300_000))
    assert small.run("echo one two") == "one two\n"
    assert "Welcome to SOS" in small.run("cat motd")
    assert small.run("cp in out", limit=60) == ""
    assert (root / "out").read_bytes() == pattern(300_000)
    assert "pagefile" not in small.run("ls")
    assert "hello" in small.run("exec hello a b")
    counts = paging_counts(small)
    assert counts["frames"] == 16 and counts["page_outs"] > 0 and counts["page_ins"] > 0
    leave(small)


@pytest.mark.parametrize("frames", [16, 64])
def test_heaps_of_several_processes_come_back(boot, frames):
    sos = boot(append=f"frames={frames}")
    sos.prompt()
    out = sos.run("thrash 768 1", limit=THRASH_LIMIT)
    assert "thrash: 192 pages, 1 rounds, all as written" in out
    out = sos.run(f"thrash {frames * 6} 1 8", limit=THRASH_LIMIT)
    assert out.count("all as written") == 8 and "8 copies are done" in out
    assert paging_counts(sos)["page_ins"] > 1000
    leave(sos)


def test_text_is_read_again_and_never_written(small):
    """A program of a mebibyte, most of it code and read-only data: what is written to the page file
    are its few pages of data and those of the shell."""
    assert "right" in small.run("bigtext 1", limit=60)
    before = paging_counts(small)
    assert "right" in small.run("bigtext 3", limit=120)
    after = paging_counts(small)
    assert after["elf_reads"] - before["elf_reads"] > 3 * 256
    assert after["page_outs"] - before["page_outs"] < 100
    leave(small)


def test_nothing_of_a_program_is_read_before_it_is_touched(sos):
    sos.run("bigtext 0")
    before = paging_counts(sos)
    assert "right" in sos.run("bigtext 0")
    assert paging_counts(sos)["elf_reads"] - before["elf_reads"] < 100
    before = paging_counts(sos)
    assert "right" in sos.run("bigtext 1")
    assert paging_counts(sos)["elf_reads"] - before["elf_reads"] > 256


def test_transfers_into_memory_that_is_paged_out(small, root):
    """One call for more than the frames can hold."""
    size = 2 << 20
    assert f"verify: {size} bytes" in small.run(f"verify write w {size} {size}", limit=100)
    assert (root / "w").read_bytes() == pattern(size)
    (root / "r").write_bytes(pattern(size))
    assert f"verify: {size} bytes" in small.run(f"verify read r {size} {size}", limit=100)
    leave(small)


def test_copies_while_everybody_thrashes(small, root):
    """Pages that are evicted are the buffers of transfers, and the other way round."""
    size = 300_001
    (root / "in").write_bytes(pattern(size))
    out = small.run(f"turmoil in out1 {size} 128 8 & turmoil in out2 {size} 128 8; wait",
                    limit=THRASH_LIMIT)
    assert out.count("all as written") == 2, out
    for copy in ("out1", "out2"):
        assert (root / copy).read_bytes() == pattern(size)
    leave(small)


@pytest.mark.parametrize("frames", [16, 64])
def test_shared_pages_come_back_for_all(boot, frames):
    """Four processes count in the same pages, more than there are frames, and one is killed."""
    sos = boot(append=f"frames={frames}")
    sos.prompt()
    out = sos.run("together 64 3 3" if frames == 16 else "together 128 6 3", limit=THRASH_LIMIT)
    assert "3 copies, all right" in out
    counts = paging_counts(sos)
    assert counts["shared_pages"] == 0 and counts["page_ins"] > frames
    leave(sos)


def test_full_page_file_costs_who_needs_more(boot):
    """48 frames and 200 slots: what cannot be backed is refused, or its process killed; the others
    go on, and afterwards all is free."""
    sos = boot(append="frames=48 pagefile.pages=200")
    sos.prompt()
    assert "hoard: Out of memory" in sos.run("hoard 2048 0 0")
    before = paging_counts(sos)["page_file_used"]
    # Two that fit alone, and have asked before one of them has written.
    out = sos.run("hoard 700 2 1 & hoard 700 2 1 & wait", limit=100)
    assert out.count("hoard: has it") == 1, out
    sos.wait_log("is killed: memory and page file are full")
    assert sum("is killed" in line for line in sos.logs) == 1, sos.logs
    assert "all as written" in sos.run("thrash 300 1", limit=THRASH_LIMIT)
    assert abs(paging_counts(sos)["page_file_used"] - before) < 40  # the shell's own
    leave(sos)


def test_cache_of_files_has_what_programs_leave(boot, root):
    """It grows into frames that are free, which programs get back before any page goes out."""
    sos = boot(append="frames=16384")
    sos.prompt()
    size = 60 << 20
    (root / "data").write_bytes(pattern(size))
    reads = f"verify read data {size} 65536"
    for _ in range(2):
        sos.run(reads, limit=200)
        before = paging_counts(sos)
        assert before["cache_frames"] > 6000
        assert before["frames_free"] > 16000  # they count as free
        # 56 of 64 MiB.
        assert "hoard: has it" in sos.run("hoard 57344 0 0", limit=100)
        after = paging_counts(sos)
        assert after["cache_frames"] < 1000
        assert after["page_outs"] == 0
    assert f"verify: {size} bytes" in sos.run(reads, limit=200)
    leave(sos)


@pytest.mark.parametrize("damage", ["truncated", "overwritten", "deleted"])
def test_damaged_page_file_kills_and_never_lies(boot, root, damage):
    sos = boot(append="frames=48")
    sos.prompt()
    file = root / "pagefile"
    sos.start("hoard 1024 0 3600 &")
    sos.expect("hoard: has it")
    sos.send("\r")
    sos.prompt()
    if damage == "truncated":
        os.truncate(file, 0)
    elif damage == "overwritten":
        file.write_bytes(b"x" * file.stat().st_size)
    else:
        file.unlink()
    # Whoever needs a page that was there is killed: the shell, too, unless it has none there.
    sos.start("thrash 400 1", limit=60)
    sos.wait_until(lambda: sos.session.halted or "all as written" in sos.output or
                   any("could not be read back" in line for line in sos.logs), "an outcome", 100)
    assert "instead of" not in sos.output and "is not zero" not in sos.output


@pytest.mark.parametrize("status", [NO_SPACE, READ_ONLY])
def test_page_file_that_cannot_be_written(boot, server, status):
    """The disk is full, or has become read-only: who needs memory is killed, all others go on, and
    when it can be written again, all is as before."""
    liar = LyingServer(server)
    try:
        sos = boot(nfs=liar.address, append="frames=64")
        sos.prompt()
        assert "all as written" in sos.run("thrash 400 1", limit=THRASH_LIMIT)
        used = paging_counts(sos)["page_file_used"]
        liar.refuse_writes(status)
        sos.run("thrash 800 1", limit=THRASH_LIMIT)
        sos.wait_log("is killed: the page file cannot be written")
        assert "Welcome" in sos.run("cat motd")
        liar.be_honest()
        assert "all as written" in sos.run("thrash 400 1", limit=THRASH_LIMIT)
        assert sum("is killed" in line for line in sos.logs) == 1, sos.logs
        assert abs(paging_counts(sos)["page_file_used"] - used) < 64
        leave(sos)
    finally:
        liar.close()


@pytest.mark.parametrize("how", ["changed", "truncated", "replaced"])
def test_changed_executable_is_not_run_on(boot, root, how):
    sos = boot(append="frames=16")
    sos.prompt()
    sos.start("bigtext 1000000 20")
    time.sleep(1.0)
    program = root / "bigtext"
    data = program.read_bytes()
    if how == "changed":
        with open(program, "r+b") as file:
            file.seek(len(data) // 2)
            file.write(b"\0" * 4096)
    elif how == "truncated":
        os.truncate(program, len(data) // 2)
    else:
        program.unlink()
        program.write_bytes(data)
        program.chmod(0o755)
    sos.wait_log("is killed: its executable file has changed", 60)
    sos.prompt()
    assert "WRONG" not in sos.output
    leave(sos)


def test_new_name_or_mode_of_an_executable_is_no_change(small, root):
    """Given by programs of SOS: whoever runs it runs on."""
    before = paging_counts(small)["elf_reads"]
    out = small.run("bigtext 8 200 & setmode 755 bigtext; mv bigtext b2; setmode 700 b2; mv b2 b3; "
                    "cp hello other; mv other b3; wait", limit=100)
    assert "bigtext: right" in out
    assert paging_counts(small)["elf_reads"] - before > 6 * 256
    assert (root / "b3").read_bytes() == (root / "hello").read_bytes()
    leave(small)


@pytest.mark.parametrize("outage", ["paused", "restarted"])
def test_heavy_paging_survives_an_outage(boot, server, outage):
    sos = boot(append="frames=32")
    sos.prompt()
    sos.start("thrash 1024 2 2")
    time.sleep(1.5)
    if outage == "paused":
        server.pause()
        time.sleep(8)
        server.resume()
    else:
        server.kill()
        time.sleep(1)
        server.restart()
    out = sos.prompt(THRASH_LIMIT)
    assert "instead of" not in out and "is not zero" not in out
    if outage == "paused":
        assert "2 copies are done" in out
    leave(sos)


def test_kill_while_pages_are_in_transit(boot):
    """A hundred lives of processes that page, end at any moment, and share some of their pages:
    all they had comes back. One whose pages they evict is not harmed."""
    sos = boot(append="frames=64")
    sos.prompt()
    choice = random.Random(5)

    def storm(beside=""):
        commands = [f"churn 10 {choice.randrange(0, 60000)} "
                    f"{choice.choice(['thrash 1024 9', 'together 128 99 child 0'])}"
                    for _ in range(5)]
        out = sos.run(beside + "; ".join(commands) + "; wait", limit=THRASH_LIMIT)
        assert out.count("churn: 10 rounds") == 5, out
        return out

    assert "thrash: 128 pages, 4 rounds, all as written" in storm("thrash 512 4 & ")
    before = paging_counts(sos)
    storm()
    after = paging_counts(sos)
    assert after["shared_pages"] == 0
    assert abs(after["page_file_used"] - before["page_file_used"]) < 64
    leave(sos)

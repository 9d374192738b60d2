# SPDX-License-Identifier: BSD-2-Clause
"""Processes come and go, in every state, and leave nothing behind."""

import itertools
import re
import shutil
import time

import pytest

from scenario import pattern

EXITS = 1000
ROUNDS = 200
REFUSALS = 1000


def start_in_background(sos, command):
    """The pid of a program started with &."""
    out = sos.run(f"{command} &")
    found = re.search(r"\[pid (\d+)\]", out)
    assert found, out
    return int(found[1])


def pids(sos, command):
    """Pids of the running processes of a program, as ps tells them."""
    rows = [line.split() for line in sos.run("ps").splitlines()]
    return [int(row[0]) for row in rows if row and row[-1] == command and row[0].isdigit()]


@pytest.fixture
def settled(sos, root):
    """A machine that has run each test program once, and its counts."""
    (root / "data").write_bytes(b"d" * (4 << 20))
    sos.fill_history()
    assert "rounds" in sos.run("churn 2 -1 leave")
    for command in ("spin", "nap", "reader", "slurp data"):
        assert "rounds" in sos.run(f"churn 2 50000 {command}", limit=60)
    return sos, sos.counts()


def test_1000_times_exec_and_exit(settled):
    sos, before = settled
    assert f"churn: {EXITS} rounds" in sos.run(f"churn {EXITS} -1 leave", limit=240)
    assert sos.settled_counts(before) == before


def bad_programs(good):
    """One file of each kind that is no program, by name: contents, and whether it may be run."""
    def changed(at, data):
        return good[:at] + data + good[at + len(data):]

    headers = int.from_bytes(good[32:40], "little")
    return {
        "empty": (b"", 0o755),
        "text": (b"#!/bin/sh\necho\n", 0o755),
        "not-executable": (good, 0o644),
        "half-a-header": (good[:32], 0o755),
        "no-segments": (good[:headers + 20], 0o755),
        "half-a-program": (good[:len(good) // 2], 0o755),
        "32-bit": (changed(4, b"\x01"), 0o755),
        "big-endian": (changed(5, b"\x02"), 0o755),
        "of-another-machine": (changed(18, b"\x3e\x00"), 0o755),
        "dynamic": (changed(16, b"\x03\x00"), 0o755),
        "bad-entry": (changed(24, b"\xff" * 8), 0o755),
        "bad-table": (changed(32, b"\xff" * 8), 0o755),
        "bad-count": (changed(56, b"\xff\xff"), 0o755),
    }


def make_bad_programs(root):
    """The names of all that cannot be started."""
    (root / "folder").mkdir()
    bad = bad_programs((root / "leave").read_bytes())
    for name, (data, mode) in bad.items():
        (root / name).write_bytes(data)
        (root / name).chmod(mode)
    return " ".join([*bad, "folder", "missing", "console", "a/b"])


def test_1000_times_a_failing_exec(settled, root):
    sos, _ = settled
    names = make_bad_programs(root)
    sos.run(f"refused 40 {names}", limit=60)
    before = sos.counts()
    assert f"refused: {REFUSALS} rounds" in sos.run(f"refused {REFUSALS} {names}", limit=240)
    assert sos.settled_counts(before) == before


@pytest.mark.parametrize("command, delay", [
    ("spin", 0), ("spin", 20000), ("nap", 20000), ("reader", 20000), ("slurp data", 0),
    ("slurp data", 30000),
])
def test_200_times_exec_and_kill(settled, command, delay):
    sos, before = settled
    out = sos.run(f"churn {ROUNDS} {delay} {command}", limit=280)
    assert f"churn: {ROUNDS} rounds" in out
    assert sos.settled_counts(before) == before


def test_kill_while_the_nfs_server_is_stopped(settled, server):
    """The killed process goes at once; its requests are finished or dropped without it."""
    sos, _ = settled

    def kill_ten():
        for _ in range(10):
            pid = start_in_background(sos, "slurp data")
            time.sleep(0.1)
            server.pause()
            try:
                time.sleep(0.2)
                begin = time.monotonic()
                assert sos.run(f"kill {pid}", limit=10) == ""
                sos.run("wait", limit=10)
                assert time.monotonic() - begin < 5
            finally:
                server.resume()
            assert "motd" in sos.run("ls", limit=30)

    sos.assert_steady(kill_ten, limit=20)


def test_a_program_that_is_being_made_dies_while_the_nfs_server_is_stopped(sos, server, root):
    """Its file was never read, so its creation waits for the server. A shell in the background, which
    has started another one before, hears that there will be no program."""
    numbers = itertools.count()

    def kill_one():
        name = f"late{next(numbers)}"
        shutil.copy2(root / "leave", root / name)
        sos.start(f"sosh -c 'exec leave; echo asleep; msleep 900; msleep 900; {name}' &")
        sos.expect("asleep\n")
        sos.run("kill 511")
        sos.run("ps")  # with which the shell has all that it needs
        server.pause()
        try:
            for _ in range(20):
                rows = [line.split() for line in sos.run("ps", limit=5).splitlines()]
                made = [row for row in rows if row and row[-1] == name]
                if made:
                    break
                time.sleep(0.3)
            assert [row[2] for row in made] == ["loading"], rows
            begin = time.monotonic()
            sos.start(f"kill {made[0][0]}", limit=5)
            sos.expect(f"sosh: {name}: cannot start", limit=5)
            assert time.monotonic() - begin < 5
            sos.send("echo over\r")
            for _ in ("typed", "printed"):
                sos.expect("over\n", limit=5)
            sos.prompt()
            assert pids(sos, name) == []
        finally:
            server.resume()
        sos.run("wait")

    sos.assert_steady(kill_one, limit=20)


def test_a_pid_is_used_again_while_a_request_of_its_old_life_is_under_way(sos, server, root):
    """The server answers the old process's READs when the new one waits for its own."""
    size = 1 << 20
    with open(root / "old", "wb") as old:
        old.truncate(1 << 30)  # more than the cache keeps: it is read from the server all the time
    (root / "new").write_bytes(pattern(size))
    for number in range(3):
        pid = start_in_background(sos, "slurp old")
        time.sleep(0.2)
        server.pause()
        try:
            assert sos.run(f"kill {pid}", limit=10) == ""
            sos.run("wait", limit=10)  # its parent has been told, so the pid is free
            sos.start(f"verify read new {size} 4096 &")
        finally:
            server.resume()
        assert f"[pid {pid}]" in sos.prompt()
        sos.run("wait")
        assert sos.output.count(f"verify: {size} bytes") == number + 1
        (root / "new").write_bytes(pattern(size))  # to be read anew


def test_commands_without_files_work_while_the_nfs_server_is_stopped(sos, server):
    server.pause()
    try:
        assert "sosh" in sos.run("ps", limit=5)
        begin = time.monotonic()
        sos.run("msleep 200", limit=5)
        assert time.monotonic() - begin >= 0.2
    finally:
        server.resume()
    assert "motd" in sos.run("ls")


def test_requests_finish_when_a_stopped_nfs_server_goes_on(sos, server, root):
    (root / "data").write_bytes(b"0123456789" * 100000)
    server.pause()
    sos.start("cp data copy")
    time.sleep(3)
    server.resume()
    assert sos.prompt(limit=40) == ""
    assert (root / "copy").read_bytes() == (root / "data").read_bytes()


def test_requests_finish_when_the_nfs_server_was_restarted(sos, server, root):
    (root / "data").write_bytes(b"0123456789" * 100000)
    server.kill()
    sos.start("cp data copy")
    time.sleep(3)
    server.restart()
    assert sos.prompt(limit=60) == ""
    assert (root / "copy").read_bytes() == (root / "data").read_bytes()


def test_kill_by_pid(sos):
    pid = start_in_background(sos, "nap")
    assert pids(sos, "nap") == [pid]
    assert sos.run(f"kill {pid}") is not None
    assert pids(sos, "nap") == []


@pytest.mark.parametrize("argument", ["-1", "99999", "511", "x", "2147483647", "-2147483648", ""])
def test_kill_of_nothing_is_refused(sos, argument):
    assert "sosh" in sos.run(f"kill {argument}")
    assert "sosh" in sos.run("ps")


def test_wait_for_a_background_program(sos):
    start_in_background(sos, "leave 4")
    time.sleep(0.3)
    assert "motd" in sos.run("ls")
    sos.run("wait")
    assert pids(sos, "leave") == []


def test_interrupt_key_kills_the_foreground_program(sos):
    for command in ("spin", "nap"):
        sos.start(command)
        time.sleep(0.5)
        sos.send("\x03")
        assert re.search(rf"sosh: {command} \(pid \d+\): interrupted\n", sos.prompt(limit=10))
    assert pids(sos, "spin") == [] and pids(sos, "nap") == []


def test_ps_tells_of_each_process(boot):
    """On a machine with so few frames that some of a process's pages are out."""
    sos = boot(append="frames=256")
    sos.prompt()
    begin = time.monotonic()
    started = {"nap": start_in_background(sos, "nap")}
    sos.start(f"stammer 4 {started['nap']} x &")
    sos.expect("ready\n")
    start_in_background(sos, "sosh -c 'spin'")
    time.sleep(2)
    lines = sos.run("ps").splitlines()
    passed = time.monotonic() - begin
    assert lines[0].split() == ["PID", "PARENT", "STATE", "PAGES", "OUT", "START", "CPU", "COMMAND"]
    rows = [line.split() for line in lines[1:]]
    assert [row[7] for row in rows] == ["sosh", "nap", "stammer", "sosh", "spin"]
    assert [int(row[0]) for row in rows] == list(range(5))
    assert [row[1] for row in rows] == ["-", "0", "0", "0", "3"]
    assert {row[2] for row in rows} == {"running"}
    assert all(int(row[3]) > 0 for row in rows)
    assert int(rows[2][4]) > 0 and int(rows[4][4]) == 0
    starts = [float(row[5]) for row in rows]
    assert starts == sorted(starts) and starts[4] > starts[0]
    assert float(rows[1][6]) < 0.2 and 0.2 < float(rows[4][6]) <= passed + 0.1
    before = sos.run("ps").splitlines()
    sos.run("msleep 500")
    after = sos.run("ps").splitlines()
    assert float(after[5].split()[6]) > float(before[5].split()[6])


def test_many_processes_at_once(sos):
    def start_and_kill():
        started = [start_in_background(sos, "nap") for _ in range(40)]
        assert len(set(started)) == 40
        assert sorted(pids(sos, "nap")) == sorted(started)
        for pid in started:
            sos.run(f"kill {pid}")
        sos.run("wait")
        assert pids(sos, "nap") == []

    sos.assert_steady(start_and_kill)


def test_each_step_of_creation_may_fail(sos):
    """The program makes them fail one after the other, and compares the counts."""
    out = sos.run("failures", limit=60)
    assert "steps of a process failed, then it ran" in out, out
    assert "steps of a handler failed, then it ran" in out, out

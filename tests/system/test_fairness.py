# SPDX-License-Identifier: BSD-2-Clause
"""However busy others keep the machine, everybody has a turn within a bound (docs/architecture.md,
Turns). The times are SOS's own, on a machine where an instruction takes a nanosecond, so that the
host's load does not matter; but while all wait for the NFS server the machine's time is the host's,
so there are ATTEMPTS to be in time once."""

import re

import pytest

from scenario import PROMPT

COUNTING = "-icount shift=0"
SLICE = 2_000        # microseconds: program_slice_us of server/thread/thread.hpp
OPERATION = 3_000    # the longest work without a look at the account, and what the command takes
TURN = 2 * SLICE     # a program's own slice, and its handler's
HOGS = 4
FLOODS = 8
ROUNDS = 30
ATTEMPTS = 3
BUSY = ["compute", "call", "touch", "page", "read", "write", "open", "look-up", "list",
        "start-children", "kill-children", "write-console"]


@pytest.fixture
def sos(boot):
    booted = boot(qemu=COUNTING)
    booted.prompt()
    booted.run("answer 1")  # it has been read once
    return booted


def start_in_background(sos, command):
    """Its pid. Others may write to the console meanwhile."""
    sos.start(f"{command} &")
    pid = int(re.search(r"\[pid (\d+)$", sos.expect("]"))[1])
    sos.expect(PROMPT)
    return pid


def answer(sos, rounds=ROUNDS):
    """How long a shell took to wake up, and to have looked up, started and buried a program: at most
    and in the mean."""
    sos.start(f"answer {rounds}")
    sos.expect("woken after ", limit=120)
    times = re.match(r"(\d+) at most, (\d+) in the mean; done after (\d+), (\d+)",
                     sos.expect("\n"))
    assert times
    sos.expect(PROMPT, limit=60)
    return [int(time) for time in times.groups()]


def in_time(times, hogs):
    """Woken in front of the others, the shell waits for the turns of those who were woken later; and
    with what it does itself it seldom uses up a turn of its own, or one of its child's."""
    line = hogs * TURN + OPERATION
    woken_at_most, woken, done_at_most, done = times
    return woken_at_most < line and woken < TURN and done_at_most < 3 * line and done < line


def check(sos, rounds=ROUNDS, hogs=HOGS):
    all_times = []
    while not all_times or not in_time(all_times[-1], hogs):
        assert len(all_times) < ATTEMPTS, all_times
        all_times.append(answer(sos, rounds))


@pytest.mark.parametrize("burden", BUSY)
def test_the_shell_answers(sos, burden):
    for _ in range(HOGS):
        start_in_background(sos, f"killmatrix be {burden}")
    check(sos)


def test_the_shell_answers_while_memory_is_short(boot):
    sos = boot(qemu=COUNTING, append="frames=1024")
    sos.prompt()
    sos.run("answer 1")
    for _ in range(HOGS):
        start_in_background(sos, "thrash 2048 1000")
    check(sos)


@pytest.mark.limit(600)
def test_the_shell_answers_whatever_is_called(sos):
    """Each system call, over and over by itself."""
    calls = int(re.search(r"(\d+) calls", sos.run("flood"))[1])
    for first in range(0, calls, FLOODS):
        pids = [start_in_background(sos, f"flood {number}")
                for number in range(first, min(first + FLOODS, calls))]
        check(sos, 8, FLOODS)
        sos.run("kill " + " ".join(map(str, pids)), limit=60)


def test_one_that_is_behind_all_others_runs(sos):
    """All the others do is to wake up, and somebody always does, in front of it."""
    others = 32
    out = sos.run(f"behind {others} 1", limit=120)
    pause, ran = map(int, re.search(r"paused (\d+) at most, ran (\d+)", out).groups())
    assert pause < others * TURN + OPERATION, out
    assert ran > 1_000_000 / (others + 1) / 2, out


@pytest.mark.parametrize("hogs", [0, HOGS])
def test_64_processes_share_files(sos, hogs):
    """Each does its part, and nothing takes longer than a line of all of them."""
    for _ in range(hogs):
        start_in_background(sos, "spin")
    out = sos.run("fair 64 2", limit=250)
    least, mean, longest, _ = map(int, re.search(
        r"(\d+) operations at least, (\d+) in the mean; (\d+) us at most, (\d+) in the mean",
        out).groups())
    assert least > mean / 2, out
    assert longest < 64 * TURN, out


def test_a_fork_bomb(boot):
    """It fills the table of processes, and all of its processes go on trying. The shell has one turn
    of 512, but it works: it says why it starts nothing, and ends processes."""
    sos = boot()
    sos.prompt()
    first = start_in_background(sos, "bomb")
    limit = 60  # in real time, on a machine of any load
    while "as many processes as there can be" not in sos.run("true", limit):
        pass
    assert f"[pid {first}] bomb" in sos.run("jobs", limit)
    assert sos.run(f"kill {first}", limit) == ""
    assert sos.run("jobs", limit) == ""
    assert "no such process" in sos.run("kill 512", limit)

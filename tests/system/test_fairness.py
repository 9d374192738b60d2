# SPDX-License-Identifier: BSD-2-Clause
"""However busy others keep the machine, the shell answers within a bound: a built-in command within
BUILTIN, a program within a time slice of each that computes and PROGRAM. The times are SOS's own,
on a machine where an instruction takes a nanosecond, so that the host's load does not matter, but
for how long the NFS server takes; so the best of ROUNDS counts."""

import re

import pytest

COUNTING = "-icount shift=0"
SLICE = 0.010     # seconds; what a program may compute before the next one has its turn
BUILTIN = 0.020
PROGRAM = 0.030
HOGS = 4
ROUNDS = 5


@pytest.fixture
def sos(boot):
    booted = boot(qemu=COUNTING)
    booted.prompt()
    booted.run("time true")  # it has been read once
    return booted


def start_in_background(sos, command):
    found = re.search(r"\[pid (\d+)\]", sos.run(f"{command} &"))
    assert found, command
    return int(found[1])


def seconds(sos, command):
    """How long a command takes, by SOS's clock. Others may write to the console meanwhile."""
    sos.start(f"time {command}")
    return float(re.search(r"([\d.]+)$", sos.expect(" seconds", limit=60))[1])


@pytest.mark.parametrize("burden", ["spin", "killmatrix be call"])
def test_busy_programs(sos, burden):
    pids = [start_in_background(sos, burden) for _ in range(HOGS)]
    programs = []
    for _ in range(ROUNDS):
        assert seconds(sos, "ps") < BUILTIN
        sos.prompt()
        programs.append(seconds(sos, "true"))
        sos.prompt()
    assert min(programs) < HOGS * SLICE + PROGRAM, programs
    sos.run("kill " + " ".join(map(str, pids)))

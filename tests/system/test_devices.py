# SPDX-License-Identifier: BSD-2-Clause
"""What a user sees of the devices: sleeps that end in order, a link that comes and goes, more than
one network card and none."""

import re

SLEEPERS = 64
LATE_LIMIT_US = 1_000_000  # usually below 1000; the machine of the tests may be busy


def slept(sos, lead_ms):
    lines = sos.run(f"sleepers {SLEEPERS} {lead_ms}", limit=lead_ms / 1000 + 60)
    return [(int(deadline), int(woken))
            for deadline, woken in re.findall(r"^slept (\d+) (\d+)$", lines, re.M)]


def test_sleeps_of_many_processes_end_in_order(boot):
    """On a machine where time passes by instructions: were the host to stop it between waking and
    looking at the clock, the time slice would be over, and the next one would look first."""
    sos = boot(qemu="-icount shift=0")
    sos.prompt()
    for lead_ms in (3000, 30000):  # a busy machine needs longer to start them all
        sleeps = sorted(slept(sos, lead_ms))
        if len(sleeps) == SLEEPERS:
            break
    assert len(sleeps) == SLEEPERS
    assert all(woken >= deadline for deadline, woken in sleeps)
    assert [woken for _, woken in sleeps] == sorted(woken for _, woken in sleeps)
    assert max(woken - deadline for deadline, woken in sleeps) < LATE_LIMIT_US


def test_files_go_on_when_the_link_comes_back(sos, root):
    (root / "news").write_text("read after the link was up\n")
    sos.monitor("set_link net off")
    sos.wait_log("net: warning: the link is down")
    sos.start("cat news")
    sos.monitor("set_link net on")
    sos.wait_log("net: warning: the link is up again")
    assert sos.prompt(limit=60) == "read after the link was up\n"


def test_a_break_on_the_serial_line_is_counted(sos):
    sos.monitor("chardev-send-break console")
    sos.wait_log("serial: warning: so far 0 overruns, 0 framing errors, 0 parity errors, 1 breaks")
    assert sos.run("echo still here") == "still here\n"
    sos.monitor("chardev-send-break console")
    sos.wait_log("0 parity errors, 2 breaks")


def test_the_first_of_two_network_cards_is_used(boot):
    sos = boot(qemu="-netdev user,id=other,restrict=on -device virtio-net-device,netdev=other")
    sos.prompt()
    assert sum("is not used" in line for line in sos.logs) == 1
    assert "motd" in sos.run("ls")


def test_without_a_network_card_it_says_so_and_ends(boot):
    sos = boot(network=[])
    sos.wait_until(lambda: sos.session.halted, "the end", 30)
    assert any("no virtio network device" in line for line in sos.logs)
    assert sos.session.failure is not None

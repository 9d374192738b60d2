# SPDX-License-Identifier: BSD-2-Clause
"""Keys at the prompt, programs that read the console, and two of them at once."""

import time

import pytest


def type_line(sos, keys):
    """Types keys at a prompt, ends the line, and returns the output that follows."""
    sos.send(keys + "\r")
    out = sos.prompt()
    return out.split("\n", 1)[1]


@pytest.mark.parametrize("keys", [
    "cat mo\x7fotd", "cat mo\botd", "rubbish\x15cat motd",
    "at motd\x01c", "cat xmotd\x1b[D\x1b[D\x1b[D\x1b[D\x7f", "cat motd x\x17\x7f",
])
def test_line_editing(sos, root, keys):
    out = type_line(sos, keys)
    assert out.endswith((root / "motd").read_text(encoding="utf-8")), out


def test_history(sos, root):
    motd = (root / "motd").read_text(encoding="utf-8")
    assert sos.run("cat motd") == motd
    sos.run("ps")
    assert type_line(sos, "\x1b[A\x1b[A") == motd


def test_interrupt_key_gives_a_new_prompt(sos):
    sos.send("half a comm\x03")
    sos.prompt()
    assert "sosh" in sos.run("ps")


def test_program_reads_lines(sos):
    sos.start("reader")
    time.sleep(0.3)
    sos.send("one\rtwo words\r")
    sos.expect("<one>\n")
    sos.expect("<two words>\n")
    sos.send("\x03")
    sos.prompt()


def test_keys_for_the_next_program_are_not_lost(sos):
    sos.start("msleep 500")
    sos.send("ps\r")
    sos.prompt()
    if "sosh" not in sos.output[-400:]:
        sos.prompt()
    assert "COMMAND" in sos.output


def test_long_line_is_bounded(sos):
    """What does not fit into a line is refused with a bell; the shell goes on."""
    for _ in range(12):
        sos.send("x" * 100)
        time.sleep(0.3)
    sos.expect("\a")
    sos.send("\x03")
    sos.prompt()
    assert "sosh" in sos.run("ps")

# SPDX-License-Identifier: BSD-2-Clause
"""Keys at the prompt, programs that read the console, and two of them at once."""

import re
import time
import zlib

import pytest
from scenario import Hang


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


PASTE_LIMIT = 120  # seconds; QEMU takes 64 KiB in a few, one byte after the other


def pasted(size):
    """Lines of different lengths, of `size` bytes together."""
    text = "".join(f"{number} " + "x" * (number * 7 % 120) + "\n" for number in range(size // 40))
    return text[:size - 1] + "\n"


def told(out):
    """What the program `paste` says that it has read: how many bytes, and their CRC-32."""
    found = re.search(r"^(\d+) bytes, CRC ([0-9a-f]+)$", out, re.M)
    assert found, out
    return int(found[1]), int(found[2], 16)


def test_a_paste_of_64_kib_arrives_whole(sos):
    text = pasted(65536)
    sos.start("paste 4096")
    sos.expect("reading\n")
    sos.send(text + "end\r")
    assert told(sos.prompt(PASTE_LIMIT)) == (len(text), zlib.crc32(text.encode()))
    assert not any("were lost" in line for line in sos.logs)


def test_what_nobody_reads_is_counted_and_told_once(sos, root):
    queue = 64 * 1024  # InputQueue::capacity
    text = pasted(queue + 4_000)
    sos.start("paste 4096 go")
    sos.expect("reading\n")
    sos.send(text)
    sos.wait_until_typed(PASTE_LIMIT)
    (root / "go").touch()
    sos.wait_log(f"console: warning: {len(text) - queue} typed bytes were lost")
    sos.send("\nend\r")
    kept = text[:queue] + "\n"
    assert told(sos.prompt()) == (len(kept), zlib.crc32(kept.encode()))
    assert sum("were lost" in line for line in sos.logs) == 1


def test_each_line_of_16_writers_is_whole(sos):
    writers, lines = 16, 30
    heard = {writer: [] for writer in range(writers)}
    for line in sos.run(f"chorus {writers} {lines}", limit=60).splitlines():
        found = re.fullmatch(r"(\d+):(\d+):([a-z]*)", line)
        assert found, line
        writer, number, letters = int(found[1]), int(found[2]), found[3]
        assert letters == chr(ord("a") + writer) * ((7 * writer + 13 * number) % 900), line
        heard[writer].append(number)
    assert heard == {writer: list(range(lines)) for writer in range(writers)}
    endless_output_leaves_the_shell_its_turn(sos)


def endless_output_leaves_the_shell_its_turn(sos):
    """What is typed has its effect after a few times what the transmit queue holds, however much the
    other program has written before and would write."""
    queue = 16 * 1024
    sos.start("chorus voice 0 0 &")
    pid = re.search(r"\[pid (\d+)\]", sos.expect("]\n") + "]")[1]
    time.sleep(1)
    sos.send("echo heard\r")
    sos.expect("heard\n")  # what was typed
    between = sos.expect("heard\n")
    assert len(between) <= 4 * queue
    sos.send(f"kill {pid}\r")
    sos.prompt()
    sos.start("chorus voice 0 0")
    time.sleep(1)
    sos.send("\x03")
    sos.prompt()
    assert sos.run("echo calm") == "calm\n"


def interrupted(sos):
    """Pids of the programs in the background of which the shell tells, now or when it waits for
    them, that ^C has ended them."""
    out = sos.prompt() + sos.run("wait")
    return re.findall(r"pid (\d+)[\])]:? interrupted", out)


def test_the_shell_gets_the_console_back_from_the_background(sos):
    """A reader in the background gets the console while another program runs. ^C ends it then; the
    shell itself it never ends, though others wait for the console."""
    sos.run("reader &")
    sos.start("sosh -c 'sleep 1'")
    sos.expect("^C ends that program\n")
    sos.send("for the reader\r")
    sos.expect("<for the reader>\n")
    sos.send("\x03")
    assert interrupted(sos) == ["1"]
    sos.run("reader &")
    sos.send("rubbish\x03")
    sos.prompt()
    assert sos.run("echo still here") == "still here\n"


def say(sos, word):
    """Types a line until the program `reader` has it: the console is a new reader's a moment after
    the old one's end, and what is typed meanwhile is dropped."""
    for _ in range(100):
        sos.send(word + "\r")
        try:
            return sos.expect(f"<{word}>\n", limit=0.3)
        except Hang:
            pass
    raise AssertionError(f"{word!r} was not heard")


def test_the_next_reader_has_its_turn_when_the_first_dies(sos):
    """Those who wait come in their order, the shell too."""
    first, second = (re.search(r"\[pid (\d+)\]", sos.run("reader &"))[1] for _ in range(2))
    sos.start("sosh -c 'sleep 1'")
    sos.expect("^C ends that program\n")
    say(sos, "one")
    sos.send("\x03")  # the second has waited longer than the shell
    say(sos, "two")
    sos.send("\x03")
    assert interrupted(sos) == [first, second]


def test_a_second_reader_may_be_refused_and_keys_kept(boot):
    sos = boot(append="console.second_reader=refuse console.typeahead=on")
    sos.prompt()
    sos.start("reader &")
    sos.expect("reader: console: Resource busy\n")
    sos.send("\r")
    sos.prompt()
    sos.start("sosh -c 'sleep 1'")
    sos.send("echo typed ahead\r")
    sos.expect("$ echo typed ahead\ntyped ahead\n")
    sos.prompt()
    # A reader that comes while the shell does not read keeps the console, until ^C. (And the shell
    # in the background that waits for it takes no ^C from who is in the foreground.)
    sos.run("sosh -c 'msleep 1500; reader' &")
    sos.start("sosh -c 'sleep 1000'")
    say(sos, "mine")
    sos.send("\x03")
    sos.expect("^C ends that program\n")
    sos.send("\x03")
    sos.expect("interrupted\n")  # told by the one in the background, before or after the prompt
    sos.send("wait; echo still here\r")
    for _ in ("typed", "printed"):
        sos.expect("still here\n")
    sos.prompt()


def started(sos, command):
    """The pid of a program that is started in the background."""
    sos.start(f"{command} &")
    return int(re.search(r"\[pid (\d+)$", sos.expect("]\n"))[1])


def test_a_writer_that_waits_for_its_memory_holds_up_nobody(boot, server):
    """Half of its line is in the page file, of a server that stands still."""
    sos = boot(append="frames=256")
    sos.prompt()
    others = []
    for _ in range(2):
        others.append(started(sos, "nap"))
        sos.prompt()
    sign = others[1]
    writers = {}
    for letter in "ab":
        writers[letter] = started(sos, f"stammer 4 {sign} {letter}")
        sos.expect("ready\n")
    sos.run(f"kill {others[0]}")
    sos.run("echo heard")  # with which the shell has all that it needs
    server.pause()
    try:
        sos.run(f"kill {sign}", limit=5)
        time.sleep(0.5)
        assert "heard\n" in sos.run("echo heard", limit=5)
        sos.run(f"kill {writers['a']}", limit=5)
        assert not re.search("aaa|bbb", sos.output)
    finally:
        server.resume()
    sos.wait_until(lambda: "b" * 3000 + "\n" in sos.output, "the line that was waited for", 30)
    sos.run("wait")
    assert "aaa" not in sos.output


def test_keys_without_a_reader_are_dropped(sos):
    """Unless type-ahead is on."""
    sos.start("sosh -c 'echo running; sleep 1000'")
    sos.expect("running\n")
    sos.send("echo lost\r\x03")
    assert "lost" not in sos.prompt()
    assert sos.run("echo read") == "read\n"

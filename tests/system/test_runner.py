# SPDX-License-Identifier: BSD-2-Clause
"""./sos run by itself: arguments, the console protocol, and that nothing outlives it. A stand-in
for QEMU plays SOS's part (fake/); the NFS server is the real one."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pexpect
import pytest

HERE = Path(__file__).resolve().parent
RUN = [sys.executable, str(HERE.parents[1] / "tools" / "sos" / "run.py")]


@pytest.fixture
def environment(tmp_path):
    return dict(os.environ, PATH=f"{HERE / 'fake'}:{os.environ['PATH']}",
                FAKE_SOS_PID=str(tmp_path / "pid"))


@pytest.fixture
def sos_run(environment, export):
    def call(*arguments, **options):
        options.setdefault("timeout", 30)
        options.setdefault("input", b"")
        return subprocess.run([*RUN, "--export", str(export), *arguments], env=environment,
                              capture_output=True, **options)

    return call


def alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def children_of(pid):
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(child) for child in listed.split()]


def wait_for(condition, limit=10.0):
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


def programs_output(result):
    """Standard output, with standard error in the message when it is not as wanted."""
    return result.stdout, result.returncode, result.stderr[-400:]


@pytest.mark.parametrize("text", [
    "ls", "ls; cat motd", "it's", 'say "x"', r"back\slash", r'\"', "a,b=c", "tab\there",
    "two\nlines", "\u00e4\u20ac", "'$HOME' * ? [a] ~ & | <", " led by a space",
])
def test_exec_string_arrives_unchanged(sos_run, text):
    out, status, errors = programs_output(sos_run("--exec", text))
    assert (out, status) == (text.encode() + b"\n", 0), errors


def test_exec_separates_log_lines_from_output(sos_run):
    result = sos_run("--exec", "log")
    assert result.stdout == b"one line\r\n\x1e not a mark\n"
    assert result.stderr.decode().splitlines()[-1] == "[vm] process 3 killed"
    assert result.returncode == 3


def test_exec_keeps_every_byte_of_much_output(sos_run):
    result = sos_run("--exec", "much")
    assert result.stdout == bytes(range(256)) * 256 * 64


def test_exec_ends_at_its_time_limit(sos_run):
    begin = time.monotonic()
    result = sos_run("--exec", "hang", "--timeout", "1.5")
    assert (result.stdout, result.returncode) == (b"before\n", 124)
    assert b"time is up after 1.5 s" in result.stderr
    assert time.monotonic() - begin < 15


@pytest.mark.parametrize("arguments, reason", [
    (["--append", "fail=boot"], b"no kernel in the archive"),
    (["--append", "fail=init"], b"cannot start init: no such file"),
])
def test_exec_reports_a_failed_boot(sos_run, arguments, reason):
    result = sos_run("--exec", "ls", *arguments)
    assert (result.stdout, result.returncode) == (b"", 125)
    assert reason in result.stderr


def test_exec_reports_a_panic(sos_run):
    result = sos_run("--exec", "panic")
    assert result.returncode == 123
    assert b"panic: page fault in sos" in result.stderr


def test_exec_reports_a_panic_of_the_kernel(sos_run):
    result = sos_run("--exec", "kernel panic")
    assert result.returncode == 123
    assert b"SOS has panicked\n  numbat: panic: assertion failed: it holds" in result.stderr
    assert b"  at kernel/x.cpp:7\n" in result.stderr
    assert sos_run("--exec", "talk of panic").returncode == 4


def test_machine_that_cannot_power_off_is_ended(sos_run):
    result = sos_run("--exec", "stay")
    assert result.returncode == 0


@pytest.mark.parametrize("arguments", [
    ["--no-such-option"], ["--frames", "0"], ["--frames", "many"], ["--timeout", "-1"],
    ["--timeout", "nan"], ["--timeout", "inf"], ["--qemu", "'no end"],
    ["--kernel", "/nonexistent"], ["--nfs", "h/e"], ["surplus"],
])
def test_wrong_arguments_are_refused_at_once(sos_run, arguments):
    result = sos_run(*arguments)
    assert result.returncode == 2
    assert result.stdout == b"" and result.stderr != b""


def test_folder_that_takes_no_programs_is_refused(environment):
    result = subprocess.run([*RUN, "--export", "/proc", "--exec", "ls"], env=environment,
                            capture_output=True, timeout=60)
    assert (result.stdout, result.returncode) == (b"", 125)
    lines = result.stderr.decode().splitlines()
    assert len(lines) == 1 and "cannot copy" in lines[0] and "/proc" in lines[0], lines


def test_too_long_commands_are_refused(sos_run):
    result = sos_run("--exec", "x" * 5000)
    assert result.returncode == 125
    assert b"4096" in result.stderr


def test_script_on_standard_input(sos_run):
    result = sos_run(input=b"ls\n")
    assert b"<6c730a>\n" in result.stdout
    assert result.returncode == 0


class Terminal:
    """./sos run at a terminal, with the processes it started."""

    def __init__(self, environment, export, *arguments):
        self.pid_file = Path(environment["FAKE_SOS_PID"])
        self.child = pexpect.spawn(RUN[0], [*RUN[1:], "--export", str(export), *arguments],
                                   env=environment, timeout=15)
        wait_for(lambda: self.pid_file.exists() and self.pid_file.read_text(encoding="ascii"))
        self.started = children_of(self.child.pid)
        assert int(self.pid_file.read_text(encoding="ascii")) in self.started
        assert len(self.started) == 2  # QEMU and the NFS server

    def assert_nothing_left(self):
        wait_for(lambda: not any(alive(pid) for pid in self.started))


@pytest.fixture
def terminal(environment, export):
    opened = []

    def start(*arguments):
        opened.append(Terminal(environment, export, *arguments))
        return opened[-1]

    yield start
    for each in opened:
        each.child.close(force=True)
        each.assert_nothing_left()


def test_terminal_is_raw_and_the_key_chord_leaves(terminal):
    t = terminal()
    t.child.expect_exact("Ctrl-]")
    t.child.expect_exact("$ ")
    for keys in ("\x03", "\x15", "\x1a", "\x7f", "\r", "\x11", "\x1b[A"):
        t.child.send(keys)
        t.child.expect_exact(f"<{keys.encode().hex()}>")
    t.child.send("\x1d")
    t.child.expect(pexpect.EOF)
    t.child.wait()
    assert t.child.exitstatus == 0
    t.assert_nothing_left()


def test_keys_typed_early_are_not_lost(terminal):
    t = terminal()
    t.child.send("early")
    t.child.expect_exact("<" + b"early".hex() + ">")


def test_leaving_while_sos_is_silent(terminal):
    t = terminal("--append", "stay=silent")
    t.child.expect_exact("Ctrl-]")
    time.sleep(0.3)
    t.child.send("\x1d")
    t.child.expect(pexpect.EOF)
    t.assert_nothing_left()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT])
def test_signal_ends_everything_and_restores_the_terminal(terminal, number):
    t = terminal()
    t.child.expect_exact("$ ")
    os.kill(t.child.pid, number)
    t.child.expect(pexpect.EOF)
    t.child.wait()
    assert t.child.exitstatus == 128 + number
    t.assert_nothing_left()


def test_kill_9_ends_everything(terminal):
    t = terminal()
    t.child.expect_exact("$ ")
    os.kill(t.child.pid, signal.SIGKILL)
    t.assert_nothing_left()


def test_closed_terminal_ends_everything(terminal):
    t = terminal()
    t.child.expect_exact("$ ")
    t.child.ptyproc.fileobj.close()
    t.assert_nothing_left()


def test_reader_that_goes_away_ends_everything(environment, export):
    with subprocess.Popen([*RUN, "--export", str(export), "--exec", "much"], env=environment,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as run:
        run.stdout.read(10)
        started = children_of(run.pid)
        run.stdout.close()
        assert run.wait(15) != 0
    wait_for(lambda: not any(alive(pid) for pid in started))


def test_reader_that_stalls_does_not_hold_up_the_time_limit(environment, export):
    with subprocess.Popen([*RUN, "--export", str(export), "--exec", "much", "--timeout", "2"],
                          env=environment, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as run:
        assert run.wait(20) == 124


def test_two_at_once_have_their_own_ports(environment, export, tmp_path):
    runs = []
    for number in range(2):
        own = dict(environment, FAKE_SOS_PID=str(tmp_path / f"pid{number}"))
        runs.append(subprocess.Popen([*RUN, "--export", str(export), "--exec", f"run {number}"],
                                     env=own, stdout=subprocess.PIPE, stderr=subprocess.PIPE))
    for number, run in enumerate(runs):
        out, errors = run.communicate(timeout=30)
        assert (out, run.returncode) == (f"run {number}\n".encode(), 0), errors

# SPDX-License-Identifier: BSD-2-Clause
"""Looking into SOS from outside: a debugger, a dump of a running machine, and what a panic tells.
The panics are real ones: the debugger sends the processor where it should never be."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import dump
import symbols
from run_folder import BUILD
from scenario import Hang

RUN = [sys.executable, str(Path(dump.__file__).with_name("run.py"))]
GDB_LIMIT = 100  # seconds
PANICKED = 123


class Debugged:
    """A run of `./sos run --gdb PROGRAM`, with the command line for gdb that it prints."""

    def __init__(self, root, program, *arguments):
        self.process = subprocess.Popen(
            [*RUN, "--export", str(root), "--timeout", "200", *arguments, "--gdb", program],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if line.strip().startswith("gdb-multiarch"):
                self.command = shlex.split(line)
                break

    def gdb(self, *commands):
        """Runs gdb with these commands once it is connected; returns what it says."""
        words = [self.command[0], "-batch", *self.command[1:]]
        for each in commands:
            words += ["-ex", each]
        deadline = time.monotonic() + 60
        while not os.path.exists(shlex.split(self.command[-1])[-1]):
            assert time.monotonic() < deadline, "QEMU has no socket"
            time.sleep(0.1)
        try:
            return subprocess.run(words, capture_output=True, text=True, timeout=GDB_LIMIT,
                                  check=False, stdin=subprocess.DEVNULL).stdout
        except subprocess.TimeoutExpired as error:
            raise Hang(f"gdb: {error.stdout}") from None

    def finish(self):
        out, errors = self.process.communicate(timeout=60)
        return self.process.returncode, out, errors

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.communicate(timeout=20)


def test_breakpoints_in_kernel_server_and_program(root):
    with Debugged(root, "hello", "--append", "init=hello") as debugged:
        said = debugged.gdb(
            "hbreak kernel_syscall", "continue", "info symbol $pc", "delete",
            "hbreak sos::syscall::dispatch", "continue", "info symbol $pc", "backtrace 3", "delete",
            "detach")
        assert "kernel_syscall in section .text of" in said, said
        assert "sos::syscall::dispatch" in said and "sos.elf" in said, said
        status, _, errors = debugged.finish()
        assert status == 0, errors


def test_breakpoint_in_a_program(root):
    with Debugged(root, "hello", "--append", "init=hello") as debugged:
        said = debugged.gdb("hbreak main", "continue", "info symbol $pc", "print argc",
                            "print argv[0]", "delete", "detach")
        assert "main in section" in said and "app_hello" in said, said
        assert '"hello"' in said, said
        status, out, errors = debugged.finish()
        assert (status, "Hello, world, from hello!" in out) == (0, True), errors


def test_a_panic_of_the_server_names_its_functions(root):
    with Debugged(root, "hello", "--append", "init=hello") as debugged:
        debugged.gdb("hbreak sos::syscall::dispatch", "continue", "delete",
                     "set $x0 = (unsigned long) &sos::log::area_names[0]._M_str[0]",
                     "set $x1 = $x0", "set $x2 = 7",
                     "set $x30 = (unsigned long) &'sos::syscall::dispatch'",
                     "set $pc = (unsigned long) &'root/panic.cpp'::base::panic_handler", "detach")
        status, _, errors = debugged.finish()
    assert status == PANICKED, errors
    assert "SOS has panicked" in errors and "in thread 'handler'" in errors, errors
    assert "called from" in errors and "sos::proc::" in errors, errors


def test_a_fault_of_the_server_tells_registers_and_calls(root):
    with Debugged(root, "hello", "--append", "init=hello") as debugged:
        debugged.gdb("hbreak sos::syscall::dispatch", "continue", "delete", "set $x19 = 0x5ca1ab1e",
                     "set $pc = 0x8000", "detach")
        status, _, errors = debugged.finish()
    assert status == PANICKED, errors
    assert "VM fault in thread 'handler'" in errors and "5ca1ab1e" in errors, errors
    assert "sos::proc::" in errors, errors


def test_a_panic_of_the_kernel_names_its_functions(root):
    with Debugged(root, "hello", "--append", "init=hello") as debugged:
        debugged.gdb("hbreak sos::syscall::dispatch", "continue", "delete", "hbreak kernel_syscall",
                     "continue", "delete",
                     "set $x0 = (unsigned long) numbat::core.current->name", "set $x1 = $x0",
                     "set $x2 = 7", "set $pc = (unsigned long) &'api/panic.cpp'::base::panic_handler",
                     "detach")
        status, _, errors = debugged.finish()
    assert status == PANICKED, errors
    assert "numbat: panic: " in errors and "thread '" in errors, errors
    assert "return_to_thread" in errors, errors


def test_a_fault_of_the_kernel_tells_registers(root):
    with Debugged(root, "hello", "--append", "init=hello") as debugged:
        debugged.gdb("hbreak sos::syscall::dispatch", "continue", "delete", "hbreak kernel_syscall",
                     "continue", "delete", "set $pc = 0xffffffff00000000", "detach")
        status, _, errors = debugged.finish()
    assert status == PANICKED, errors
    assert "numbat: panic: exception in the kernel" in errors, errors
    assert "ESR 86000005 FAR ffffffff00000000" in errors and "  thread '" in errors, errors


def test_dump_of_a_machine_that_stands_still(sos, tmp_path):
    """Not even the kernel runs while this is done, so it needs nothing of SOS."""
    sos.start("sleep 1000")
    time.sleep(1)  # until it sleeps
    sos.monitor("stop")
    state = dump.read_state(sos.monitor_path, BUILD / "aarch64-debug" / "kernel" / "kernel.elf",
                            BUILD / "aarch64-debug" / "server" / "sos.elf", tmp_path)
    names = symbols.for_build(BUILD / "aarch64-debug")
    text = "\n".join(dump.text_of(state, names))
    assert state["errors"] == [], text
    threads = {thread["name"]: thread for thread in state["threads"]}
    assert {"root", "PM server", "file server", "handler", "fault server"} <= threads.keys()
    assert threads["root"]["state"] == "blocked_on_notification"
    assert "sos::root::interrupt_loop" in text and "sos_main" in text, text
    assert [(each["command"].split()[0], each["wait"]) for each in state["processes"]][-1][1] == "sleep"
    assert state["numbers"]["frames in use"] > 10
    assert state["numbers"]["requests at the file server"] == 0
    assert state["requests"] == []
    assert "paused" in sos.monitor("info status"), "it is left as it was found"


def test_dump_tells_each_request_that_hangs(boot, server, tmp_path, root):
    """The NFS server stands still while one program pages and the shell wants something: a file, a
    page of the program it starts, or one of its own."""
    sos = boot(append="frames=64")
    sos.prompt()
    (root / "news").write_bytes(bytes(200_000))
    sos.run("thrash 1024 1000 &")
    os.kill(server.pid, signal.SIGSTOP)
    try:
        sos.send("cat news\r")  # of which the echo does not come if the shell's page is out
        time.sleep(4)
        state = dump.read_state(sos.monitor_path, BUILD / "aarch64-debug" / "kernel" / "kernel.elf",
                                BUILD / "aarch64-debug" / "server" / "sos.elf", tmp_path)
    finally:
        os.kill(server.pid, signal.SIGCONT)
    text = "\n".join(dump.text_of(state, symbols.for_build(BUILD / "aarch64-debug")))
    assert state["errors"] == [], text
    names = {each["pid"]: each["command"].split()[0] for each in state["processes"]}
    asked = [(each["what"], names.get(each["pid"], "the server")) for each in state["requests"]]
    assert any(name == "sosh" for _, name in asked), text
    assert {("fault, page", "thrash"), ("fault, room", "thrash")} & set(asked), text
    assert any(what.startswith("page ") for what, _ in asked), text
    ages = [state["now_us"] - each["since_us"] for each in state["requests"] if each["since_us"]]
    assert 2_000_000 < max(ages) < 60_000_000, text
    assert re.search(r"^  the server: page .*, the NFS server has it, for \d+ s$", text, re.M), text

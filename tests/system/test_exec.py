# SPDX-License-Identifier: BSD-2-Clause
"""`sosh -c`: what `./sos run --exec` prints and the status it ends with."""

import subprocess
import sys
from pathlib import Path

import pytest

RUN = [sys.executable, str(Path(__file__).resolve().parents[2] / "tools" / "sos" / "run.py")]


@pytest.fixture
def execute(root):
    """Runs commands through ./sos run --exec on the exported root: (output, status)."""
    def run(commands, *more):
        result = subprocess.run([*RUN, "--export", str(root), "--timeout", "60", "--exec", commands,
                                 *more], stdin=subprocess.DEVNULL, capture_output=True, check=False)
        assert result.returncode not in (124, 125), result.stderr.decode(errors="replace")
        return result.stdout.decode(errors="replace"), result.returncode
    return run


def test_a_first_session(execute, root):
    motd = (root / "motd").read_text(encoding="utf-8")
    names = sorted(f.name for f in root.iterdir())
    out, status = execute("ls; cat motd; exec hello a b; cp motd copy; cat copy; ps")
    assert status == 0
    listing = "\n".join(names) + "\n"
    assert out.startswith(listing + motd), out
    rest = out[len(listing + motd):]
    hello, _, processes = rest.partition(motd)
    assert "a" in hello and "b" in hello
    assert "sosh" in processes and "hello" not in processes
    assert (root / "copy").read_bytes() == (root / "motd").read_bytes()


@pytest.mark.parametrize("commands, wanted", [
    ("leave 0", 0), ("leave 3", 3), ("leave 255", 255), ("leave 3; leave 0", 3),
    ("leave 3; leave 5; leave 0", 5), ("no-such-program", 127), ("cat no-such-file", 1),
    ("exec motd", 126), ("", 0), (";;  ; ", 0),
])
def test_status(execute, commands, wanted):
    assert execute(commands)[1] == wanted


def test_killed_program_counts_as_failed(execute):
    assert execute("exec spin &; kill 1; wait")[1] >= 128


@pytest.mark.parametrize("text", ["it's", "a  b", "x=1,y=2", "\u00e4\u20ac"])
def test_words_survive_the_boot_arguments(execute, text):
    out, status = execute(f'hello "{text}"')
    assert status == 0 and text in out, out


def test_output_without_newline_is_complete(execute, root):
    (root / "bare").write_bytes(b"no newline")
    assert execute("cat bare") == ("no newline", 0)


def test_every_byte_can_be_printed(execute, root):
    data = bytes(b for b in range(256) if b != 10) * 20
    (root / "bytes").write_bytes(data)
    result = subprocess.run([*RUN, "--export", str(root), "--exec", "cat bytes"],
                            stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert result.stdout == data, result.stderr


def test_commands_after_a_failed_one_still_run(execute, root):
    out, status = execute("cat no-such-file; cat motd")
    assert out.endswith((root / "motd").read_text(encoding="utf-8")) and status == 1


def test_background_programs_are_waited_for(execute):
    out, status = execute("hello one &; hello two &")
    assert "one" in out and "two" in out and status == 0


def test_nfs_server_of_the_users(server, root):
    """--nfs with a name of this machine, which inside QEMU has another address."""
    address = f"localhost:{server.nfs_port}:{server.mount_port}/export"
    result = subprocess.run([*RUN, "--nfs", address, "--exec", "cp motd copy; cat copy"],
                            stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout == (root / "motd").read_bytes() == (root / "copy").read_bytes()


def test_script_on_standard_input(root):
    """Keys come from a pipe; its end is the end of the session."""
    result = subprocess.run([*RUN, "--export", str(root), "--timeout", "60"],
                            input=b"cat motd\nexit 3\n", capture_output=True, check=False)
    assert result.returncode == 3, result.stderr
    assert (root / "motd").read_bytes() in result.stdout

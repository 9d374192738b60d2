# SPDX-License-Identifier: BSD-2-Clause
"""From QEMU's start to the prompt, and from init's end to power-off."""

import pytest

import nfs_server
from scenario import BUILD, Sos

PROMPT_DUE = 3.0  # seconds after QEMU's start, on a machine that is not busy otherwise


def test_prompt_in_time(boot):
    """The best of three: other work on this machine is not SOS's fault."""
    times = []
    for _ in range(3):
        sos = boot()
        sos.prompt()
        times.append(sos.booted_after)
        sos.close()
        if times[-1] < PROMPT_DUE:
            return
    pytest.fail(f"prompts after {times} s")


def test_end_of_init_powers_off(sos):
    sos.send("\x04")
    assert sos.finish() == 0


def test_exit_status_of_init_is_told(sos):
    sos.start("exit 7")
    assert sos.finish() == 7


def test_address_by_dhcp(boot):
    sos = boot(append="ip=dhcp")
    sos.prompt()
    assert "motd" in sos.run("ls")


def test_boot_without_nfs_server_waits_for_it(boot, server):
    server.close()
    sos = boot()
    sos.wait_log("sos: nfs: waiting for 10.0.2.2", times=2, limit=40)
    assert not sos.session.init_started
    server.restart()
    sos.prompt(limit=60)
    assert "motd" in sos.run("ls")


def test_missing_init_is_told(boot, root):
    (root / "sosh").unlink()
    sos = boot()
    sos.wait_until(lambda: sos.session.halted, "the end", 30)
    assert sos.session.failure.startswith("sos: cannot start init: ")


@pytest.mark.parametrize("damage", [b"", b"\x7fELF", b"#!/bin/sh\n" * 100])
def test_init_that_is_no_program_is_told(boot, root, damage):
    (root / "sosh").write_bytes(damage)
    sos = boot()
    sos.wait_until(lambda: sos.session.halted, "the end", 30)
    assert sos.session.failure.startswith("sos: cannot start init: ")


def test_unknown_and_malformed_settings_are_only_warned_of(boot):
    sos = boot(append='no.such=1 frames=x "unfinished')
    sos.prompt()
    assert "motd" in sos.run("ls")


def test_two_machines_on_two_servers(root, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    for file in root.iterdir():
        (other / file.name).write_bytes(file.read_bytes())
        (other / file.name).chmod(0o755)
    (other / "only-here").write_text("two\n", encoding="ascii")
    work = [tmp_path / "a", tmp_path / "b"]
    for folder in work:
        folder.mkdir()
    with nfs_server.NfsServer(root, work[0]) as first, \
            nfs_server.NfsServer(other, work[1]) as second, \
            Sos(work[0] / "sos", first) as a, Sos(work[1] / "sos", second) as b:
        a.prompt()
        b.prompt()
        assert b.run("cat only-here") == "two\n"
        assert a.run("cat only-here") != "two\n"
        assert a.run("ps").count("sosh") == 1


def test_two_machines_on_one_server(boot):
    first, second = boot(), boot()
    first.prompt()
    second.prompt()
    first.run("cp motd from-first")
    assert "from-first" in second.run("ls")


def test_release_build_boots(boot):
    image = BUILD / "sos-release.img"
    if not image.exists():
        pytest.skip("no release build here")
    sos = boot(image=image)
    sos.prompt()
    assert "motd" in sos.run("ls")
    sos.send("\x04")
    assert sos.finish() == 0

# SPDX-License-Identifier: BSD-2-Clause
"""The long ones: the same as elsewhere, for longer and all at once."""

import random
import time

import pytest

from lossy_link import LossyLink
from scenario import pattern
from test_integrity import jumble, jumble_while_killing
from test_processes import make_bad_programs

pytestmark = [pytest.mark.soak, pytest.mark.limit(3600)]


def test_thousands_of_lives(sos, root):
    """Every way to live and to die, in random order; nothing is left of any of them."""
    (root / "data").write_bytes(pattern(1 << 20))
    choice = random.Random(1)
    kinds = ["-1 leave", "0 spin", "1000 spin", "20000 nap", "5000 reader", "0 slurp data",
             "3000 slurp data", "50000 slurp data"]

    def storm():
        for _ in range(100):
            out = sos.run(f"churn 20 {choice.choice(kinds)}", limit=120)
            assert "churn: 20 rounds" in out, out

    sos.assert_steady(storm, limit=30)


def test_tens_of_thousands_of_lives(sos, root):
    """Ten times what the daily tests do of each."""
    names = make_bad_programs(root)

    def storm():
        assert "churn: 10000 rounds" in sos.run("churn 10000 -1 leave", limit=1200)
        for kind in ("0 spin", "2000 nap", "2000 reader", "2000 slurp leave"):
            assert "churn: 2500 rounds" in sos.run(f"churn 2500 {kind}", limit=1200)
        assert "refused: 10000 rounds" in sos.run(f"refused 10000 {names}", limit=1200)

    sos.assert_steady(storm, limit=30)


@pytest.mark.parametrize("seed", range(1, 6))
def test_kill_matrix(sos, seed):
    assert "1000 rounds" in sos.run(f"killmatrix {seed} 1000", limit=1200)


def test_process_calls_at_random(sos):
    out = sos.run(f"mix {time.time_ns() % 10**6} 300", limit=600)
    assert "all well" in out, out


def test_copies_while_the_nfs_server_comes_and_goes(sos, server, root):
    """No copy fails and none is wrong, whatever happens to the server meanwhile."""
    data = pattern(1 << 20)
    (root / "data").write_bytes(data)
    choice = random.Random(2)
    for number in range(40):
        sos.start(f"cp data copy{number}")
        time.sleep(choice.uniform(0, 0.3))
        if choice.random() < 0.5:
            server.pause()
            time.sleep(choice.uniform(0, 4))
            server.resume()
        else:
            server.kill()
            time.sleep(choice.uniform(0, 4))
            server.restart()
        assert sos.prompt(limit=120) == ""
        assert (root / f"copy{number}").read_bytes() == data
        (root / f"copy{number}").unlink()


def test_boots(boot):
    """It is not luck that it boots."""
    for number in range(50):
        sos = boot(append="ip=dhcp" if number % 2 else "")
        sos.prompt()
        sos.send("\x04")
        assert sos.finish() == 0
        sos.close()


@pytest.mark.parametrize("frames", [16, 64])
def test_eight_big_heaps_in_few_frames(boot, frames):
    sos = boot(append=f"frames={frames}")
    sos.prompt()
    out = sos.run("thrash 16384 1 8", limit=3000)
    assert out.count("all as written") == 8, out


def test_one_call_for_a_buffer_that_is_paged_out(boot, root):
    """64 MiB read and written in one call each, with the least number of frames."""
    sos = boot(append="frames=16")
    sos.prompt()
    size = 64 << 20
    assert f"verify: {size} bytes" in sos.run(f"verify write w {size} {size}", limit=1500)
    assert (root / "w").read_bytes() == pattern(size)
    assert f"verify: {size} bytes" in sos.run(f"verify read w {size} {size}", limit=1500)


def test_ten_minutes_of_copies(boot, root):
    """Two processes that copy, with buffers that are paged out, while a third one thrashes."""
    sos = boot(append="frames=16")
    sos.prompt()
    size = 1_000_003
    (root / "in").write_bytes(pattern(size))
    out = sos.run(f"thrash 2048 5 & turmoil in out1 {size} 1024 600 & "
                  f"turmoil in out2 {size} 1024 600; wait", limit=3000)
    assert out.count("all as written") == 3, out
    for copy in ("out1", "out2"):
        assert (root / copy).read_bytes() == pattern(size)


def test_paging_survives_a_server_that_stops(boot, server):
    """For 20 seconds, in the midst of heavy paging, three times."""
    sos = boot(append="frames=16")
    sos.prompt()
    sos.start("thrash 4096 1 3")
    for _ in range(3):
        time.sleep(3)
        server.pause()
        time.sleep(20)
        server.resume()
    out = sos.prompt(600)
    assert out.count("all as written") == 3 and "3 copies are done" in out, out


def test_sixteen_heaps_and_stacks_in_eight_mebibytes(boot):
    """Sixteen processes with 16 MiB of heap and 16 of stack, and 2048 frames for all of them."""
    sos = boot(append="frames=2048")
    sos.prompt()
    out = sos.run("thrash 16384,16384 1 16", limit=3000)
    assert out.count("thrash: 8192 pages, 1 rounds, all as written") == 16, out


def test_a_thousand_lives_of_paging_processes(boot):
    """Created, thrashing, killed at any moment: frames and slots come back."""
    sos = boot(append="frames=64")
    sos.prompt()
    choice = random.Random(3)

    def storm():
        for _ in range(50):
            out = sos.run(f"churn 10 {choice.randrange(0, 60000)} thrash 1024 9", limit=120)
            assert "churn: 10 rounds" in out, out

    storm()
    before = sos.counts()
    storm()
    after = sos.counts()
    # The shell's and the counter's own pages come and go.
    assert abs(after["page_file_slots"] - before["page_file_slots"]) < 64
    assert abs(after["frames"] - before["frames"]) <= 64
    sos.run("echo")
    sos.send("exit\r")
    assert sos.finish() == 0


def test_files_while_the_server_dies_ten_times(sos, server, root):
    jumble_while_killing(sos, server, root, seed=11, operations=6000, kills=10)


@pytest.mark.parametrize("seed", range(12, 15))
def test_files_on_a_bad_network(boot, root, tmp_path, seed):
    """More of everything is lost, doubled and reordered than in the daily tests."""
    with LossyLink(tmp_path, seed, loss=0.02, doubling=0.02, reordering=0.05) as link:
        sos = boot(network=link.network)
        sos.prompt()
        jumble(sos, root, seed, operations=400, limit=1200)
        sos.close()

# SPDX-License-Identifier: BSD-2-Clause
"""Many processes at once: as many as there can be, killed in every state, all calling at random.
The programs check what they see themselves, and that as much is in use afterwards as before."""

import re

import pytest

from scenario import pattern

KILL_ROUNDS = 250
MIX_SECONDS = 30
COUNTING = "-icount shift=0"  # then the event "instructions retired" is there


def test_512_at_once_from_8_creators(sos):
    assert sos.run("crowd 8", limit=120) == "crowd: 512 at once\n"


def test_number_500_costs_what_number_10_does(boot):
    """On a fresh machine, whose memory is still to be cut and whose handler threads are still to be
    made, and once more when a crowd has come and gone. Another machine is tried when the times at
    which the NFS server answered may be to blame: a growing cost would show on each."""
    for _ in range(3):
        sos = boot(qemu=COUNTING)
        sos.prompt()
        growth = []
        for _crowd in ("fresh", "second"):
            out = sos.run("crowd 0", limit=240)
            found = re.search(r"512 at once, around number 10 (\d+) each, around 500 (\d+)", out)
            assert found, out
            growth.append(int(found[2]) / int(found[1]))
        if all(0.8 < each < 1.2 for each in growth):
            return
        sos.close()
    raise AssertionError(growth)


def test_server_memory_keeps_its_bound_with_512_processes_on_files(sos, root):
    """The cache of files gives way to what the processes need, and gets memory back."""
    size = 24 << 20
    (root / "data").write_bytes(pattern(size))
    out = sos.run(f"library data {size}", limit=200)
    found = re.search(r"(5\d+) children, all well, errno 11, right; server (\d+), at most (\d+) of "
                      r"(\d+), cache (\d+)", out)
    assert found and "leaks" not in out, out
    children, now, most, limit, cache = (int(number) for number in found.groups())
    assert children == 512 - 2
    assert now <= most <= limit == 64 << 8
    assert 1024 <= cache < 8192
    sos.run(f"verify read data {size} 65536", limit=100)
    sos.run(f"verify read data {size} 65536", limit=100)
    vmstat = sos.run("vmstat -c")
    assert int(re.search(r"file_cache +(\d+)", vmstat)[1]) > cache


def test_kill_matrix(sos):
    out = sos.run(f"killmatrix 1 {KILL_ROUNDS}", limit=240)
    assert f"killmatrix: seed 1, {KILL_ROUNDS} rounds" in out


@pytest.mark.parametrize("killer", ["parent", "child", "sibling", "two"])
def test_all_states_die_while_the_nfs_server_is_stopped(sos, server, killer):
    """Victims wait for the server, or for anything else, and go at once, whoever kills them."""
    sos.run(f"killmatrix all 0 {killer}", limit=60)  # what it uses itself has been read
    sos.start(f"killmatrix all 3 {killer}")
    sos.expect("killmatrix: ready")
    server.pause()
    try:
        sos.expect("killed, all well, slowest", limit=30)
        assert int(re.match(r" (\d+) us", sos.expect("\n"))[1]) < 1_000_000
    finally:
        server.resume()
    sos.prompt()


def test_process_calls_at_random(sos):
    out = sos.run(f"mix 1 {MIX_SECONDS}", limit=120)
    assert "all well" in out, out

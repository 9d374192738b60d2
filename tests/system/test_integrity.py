# SPDX-License-Identifier: BSD-2-Clause
"""Eight processes at once do what they like with files, and every byte is as it must be: with a
well-behaved server, one that is killed again and again, and a network that loses packets."""

import re
import time

import jumble_model
from lossy_link import LossyLink

PROCESSES = 8
SERVER_MEMORY = 64 << 20  # beside the frame table, with up to sixteen processes
FRAME_RECORD = 17         # bytes of the frame table for each frame


def jumble(sos, root, seed, operations, limit=120):
    out = sos.run(f"jumble {PROCESSES} {seed} {operations}", limit=limit)
    assert out == f"jumble: {PROCESSES} processes, 0 failed\n", out
    jumble_model.check(root, PROCESSES, seed, operations)


def jumble_while_killing(sos, server, root, seed, operations, kills):
    """The server's machine loses its power `kills` times meanwhile."""
    sos.start(f"jumble {PROCESSES} {seed} {operations}")
    for _ in range(kills):
        time.sleep(1.0)
        assert "jumble:" not in sos.output[-200:], "it came to its end before the server was killed"
        server.kill()
        server.restart()
    out = sos.prompt(limit=300)
    assert out == f"jumble: {PROCESSES} processes, 0 failed\n", out
    jumble_model.check(root, PROCESSES, seed, operations)


def test_random_operations(sos, root):
    jumble(sos, root, seed=1, operations=150)
    # What the file server may take is taken at the start; handler threads and page tables are not.
    frames = int(re.search(r"^frames +(\d+)", sos.run("vmstat -c"), re.M)[1])
    used = sos.counts()["untyped_bytes"] - frames * FRAME_RECORD
    assert used <= SERVER_MEMORY, f"{used / (1 << 20):.1f} MiB"


def test_random_operations_while_the_server_dies(sos, server, root):
    jumble_while_killing(sos, server, root, seed=2, operations=600, kills=2)


def test_random_operations_on_a_bad_network(boot, root, tmp_path):
    with LossyLink(tmp_path, seed=3, loss=0.01, doubling=0.01, reordering=0.02) as link:
        sos = boot(network=link.network)
        sos.prompt()
        jumble(sos, root, seed=3, operations=60)
        for direction in link.directions:
            assert direction.lost > 0 and direction.doubled > 0 and direction.reordered > 0
        sos.close()

# SPDX-License-Identifier: BSD-2-Clause
"""An NFS server whose replies are not what they should be costs errors and connections, never SOS."""

import pytest

from lying_server import LIES, LyingServer

# No programs: damaged ones would do anything. With echo the prompt begins a line in any case.
COMMANDS = ["ls", "cat motd", "ls -l", "cp motd copy", "rm copy", "cat data", "ps"]


@pytest.mark.parametrize("kind", LIES)
def test_damaged_replies(boot, server, root, kind):
    (root / "data").write_bytes(b"0123456789abcde\n" * 1000)
    liar = LyingServer(server)
    try:
        sos = boot(nfs=liar.address)
        sos.prompt()
        liar.lie(kind, rate=0.2)
        for number in range(40):
            sos.run(COMMANDS[number % len(COMMANDS)] + "; echo", limit=60)
        assert liar.lies > 5
        liar.be_honest()
        # What was read from a changed file was true once: nobody can tell a byte that was damaged
        # on its way, and it may stay in the cache until the file changes.
        (root / "motd").write_text("All is well again.\n")
        assert sos.run("cat motd", limit=90) == "All is well again.\n"
        sos.send("exit\r")
        assert sos.finish() is not None
    finally:
        liar.close()

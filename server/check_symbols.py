#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Keeps libc, lwIP and libnfs out of all server code but the file server's own.

check_symbols.py NM FILE...: whatever these archives and objects refer to must be defined in one of
them, by the linker script, or be the entrance of the file server's engine.
"""

import re
import subprocess
import sys

ALLOWED = re.compile(r"_ZN3sos2fs6engine"  # server/fs/engine.hpp
                     r"|sos_(tdata_start|tdata_end|tls_size|image_start)$")  # server/root/root.ld
UNDEFINED_KINDS = "Uvw"


def symbols(nm, files):
    """Triples of file, kind and name."""
    out = subprocess.run([nm, "-A", "-g", *files], check=True, capture_output=True, text=True).stdout
    for line in out.splitlines():
        found = re.match(r"(.*?):(?:[0-9a-f]+|\s+)\s*(\w) (\S+)$", line)
        if found:
            yield found.groups()


def main(nm, files):
    everything = list(symbols(nm, files))
    defined = {name for _, kind, name in everything if kind not in UNDEFINED_KINDS}
    bad = [(name, file) for file, kind, name in everything
           if kind in UNDEFINED_KINDS and name not in defined and not ALLOWED.match(name)]
    for name, file in bad:
        print(f"{file} refers to {name}, which only the file server may", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))

# SPDX-License-Identifier: BSD-2-Clause
"""Instruction counts of the kernel's operations, from a root task on the bare kernel."""

import re
import subprocess

from children import SosError
from machine import QEMU
from run_folder import BUILD

IMAGE = BUILD / "aarch64-release" / "tests" / "bench" / "kernel" / "kernel_bench.img"
_LIMIT = 120.0

# key: what it is, what the original kernel needs at best, what we want at most
OPERATIONS = {
    "call0": ("Call, 0 words, to another address space", 209, 150),
    "replyrecv0": ("ReplyRecv, same", 266, 190),
    "call0_active": ("Call, the server has its own context", 854, 200),
    "replyrecv0_active": ("ReplyRecv, same", 1028, 240),
    "call10": ("Call, 10 words", 916, 450),
    "replyrecv10": ("ReplyRecv, 10 words", 1000, 500),
    "send_switch": ("Send to a waiting thread above", 780, 450),
    "signal_none": ("Signal, nobody waiting", 136, 120),
    "signal_low": ("Signal, a thread below waiting", 136, 120),
    "signal_switch": ("Signal, a thread above waiting", 687, 400),
    "pingpong": ("Signal and Wait, there and back", 1494, 900),
    "wait_pending": ("Wait with a signal pending", 287, 150),
    "yield_none": ("Yield, alone", 462, 250),
    "yield_same": ("Yield to the same priority", 488, 300),
    "irq": ("Interrupt to its thread", 468, 350),
    "vmfault": ("VM fault, handler, reply, restart", 473, 400),
    "undef": ("Undefined instruction, same", 1644, 500),
    "null": ("NBSend on an empty slot", 341, 150),
    "map": ("Page_Map", 598, 330),
    "unmap": ("Page_Unmap", 513, 280),
    "retype": ("Untyped_Retype of an endpoint", 788, 450),
    "delete": ("CNode_Delete of it", 651, 380),
    "copy": ("CNode_Copy", 715, 350),
    "delete_copy": ("CNode_Delete of the copy", 640, 350),
}


def run_image(image, keys):
    """Boots a measuring root task; the numbers it prints, which must be those of `keys`. One
    instruction is one cycle: a run gives what any other gives."""
    command = [QEMU, "-machine", "virt,gic-version=2", "-cpu", "cortex-a53", "-m", "1024",
               "-nographic", "-net", "none", "-no-reboot", "-kernel", str(image),
               "-icount", "shift=0,sleep=off"]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=_LIMIT)
    except subprocess.TimeoutExpired as error:
        raise SosError("the measurement does not end") from error
    text = done.stdout.decode(errors="replace").replace("\r", "")
    counts = {key: int(value) for key, value in re.findall(r"^BENCH (\w+) (\d+)$", text, re.M)}
    if "BENCH done" not in text or set(counts) != set(keys):
        raise SosError("the measurement failed:\n" + text)
    return counts


def measure():
    return run_image(IMAGE, OPERATIONS)


def table(counts):
    """Ours beside the original's, as text."""
    lines = [f"{'instructions':<42}{'ours':>8}{'goal':>8}{'original':>10}"]
    for key, (text, original, goal) in OPERATIONS.items():
        lines.append(f"{text:<42}{counts[key]:>8}{goal:>8}{original:>10}")
    return "\n".join(lines)

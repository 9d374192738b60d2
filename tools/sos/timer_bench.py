# SPDX-License-Identifier: BSD-2-Clause
"""Instruction counts of the timeout list, and of the tree beside it, by how many timeouts are
outstanding, as a plot of text."""

import math

import kernel_bench
from run_folder import BUILD

IMAGE = BUILD / "aarch64-release" / "tests" / "bench" / "timer" / "timer_bench.img"
COUNTS = (1, 10, 100, 1000, 10000)
KINDS = ("list", "tree")
OPERATIONS = {
    "interrupt": "interrupt with one due",
    "add_last": "register, later than all",
    "add_middle": "register, in the middle",
    "add_first": "register, earlier than all",
    "remove_last": "remove the last",
    "remove_middle": "remove one in the middle",
    "remove_first": "remove the first",
}
_WIDTH = 40  # columns for the range of the counts, on a logarithmic scale


def measure():
    keys = {f"{kind}_{key}_{count}" for kind in KINDS for key in OPERATIONS for count in COUNTS}
    return {f"timer_{key}": value
            for key, value in kernel_bench.run_image(IMAGE, keys).items()}


def plot(counts):
    """A row for each operation and count of timeouts; the bar's length is the logarithm."""
    longest = math.log10(max(counts.values()))
    lines = [f"{'instructions (bar: logarithmic)':<34}{'timeouts':>9}"]
    for key, text in OPERATIONS.items():
        for kind in KINDS:
            for count in COUNTS:
                value = counts[f"timer_{kind}_{key}_{count}"]
                bar = "#" * max(1, round(_WIDTH * math.log10(value) / longest))
                label = f"{kind}: {text}" if count == COUNTS[0] else ""
                lines.append(f"{label:<34}{count:>9}{value:>9}  {bar}")
    return "\n".join(lines)

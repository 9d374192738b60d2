# SPDX-License-Identifier: BSD-2-Clause
"""Instruction counts of the timeout list by how many timeouts are outstanding, as a plot of text."""

import math

import kernel_bench
from run_folder import BUILD

IMAGE = BUILD / "aarch64-release" / "tests" / "bench" / "timer" / "timer_bench.img"
COUNTS = (1, 10, 100, 1000, 10000)
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
    keys = {f"{key}_{count}" for key in OPERATIONS for count in COUNTS}
    return {f"timer_{key}": value
            for key, value in kernel_bench.run_image(IMAGE, keys).items()}


def plot(counts):
    """A row for each operation and count of timeouts; the bar's length is the logarithm."""
    longest = math.log10(max(counts.values()))
    lines = [f"{'instructions (bar: logarithmic)':<34}{'timeouts':>9}"]
    for key, text in OPERATIONS.items():
        for count in COUNTS:
            value = counts[f"timer_{key}_{count}"]
            bar = "#" * max(1, round(_WIDTH * math.log10(value) / longest))
            lines.append(f"{text if count == COUNTS[0] else '':<34}{count:>9}{value:>9}  {bar}")
    return "\n".join(lines)

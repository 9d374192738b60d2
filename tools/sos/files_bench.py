# SPDX-License-Identifier: BSD-2-Clause
"""Files on SOS against Linux's NFS client: the same program (user/apps/bench/bench_files.c) in the
same QEMU, with the same server, in turns. Medians of several runs are compared, since the machine's
speed changes from one minute to the next. Linux runs without KASLR and KPTI, with which it is far
slower in QEMU; what it keeps of attributes is switched off (noac) where every call is to ask the
server, as SOS does."""

import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

import machine
import scenario
from children import SosError, end, spawn
from nfs_server import NfsServer
from run_folder import BUILD, REPOSITORY

sys.path.insert(0, str(REPOSITORY / "tools"))

import pack_image  # noqa: E402

SIZES = (512, 4096, 32768, 262144, 1 << 20)
KEYS = [f"{what}_{size}" for what in ("read_cold", "read_warm", "write") for size in SIZES]
KEYS += ["read_uncached_4096", "stat", "open_close"]
# At least so many times as fast as Linux.
GOALS = {f"{what}_{size}": 0.8 if size == 512 else 1.5
         for what in ("read_cold", "write") for size in SIZES}
GOALS |= {"read_uncached_4096": 1.5, "stat": 1.5, "open_close": 1.5}
# Of each file. A short run tells whether all of it works, not how fast it is.
MEGABYTES, SHORT_MEGABYTES = 52, 4
_LIMIT = 900.0
_LINUX = BUILD / "third_party" / "linux"

_INIT = """#!/bin/busybox sh
b=/bin/busybox
$b mkdir -p /proc /n /a
$b mount -t proc proc /proc
echo 1 > /proc/sys/kernel/printk
for m in $($b cat /modules/order); do $b insmod /modules/$m.ko; done
$b ip link set eth0 up
$b ip addr add 10.0.2.15/24 dev eth0
$b ip route add default via 10.0.2.2
o=vers=3,nolock,tcp,port={nfs_port},mountport={mount_port},mountproto=tcp,addr=10.0.2.2
$b mount -t nfs -o $o 10.0.2.2:/export /n
$b mount -t nfs -o $o,noac,nosharecache 10.0.2.2:/export /a
/bench_files /n /a {run} {megabytes}
echo bench: done
$b poweroff -f
"""


def _progress(text):
    """On standard error: standard output has the result alone."""
    print(f"  {text}", file=sys.stderr, flush=True)


def _run_tool(words, **options):
    done = subprocess.run([str(word) for word in words], **options)
    if done.returncode != 0:
        raise SosError(f"{words[0]} failed with status {done.returncode}")


def _make_initrd(folder, server, run, megabytes):
    """An archive of what Linux needs."""
    program = folder / "bench_files"
    if not program.exists():
        _run_tool(["aarch64-linux-gnu-gcc", "-O2", "-static", "-o", program,
                   REPOSITORY / "user" / "apps" / "bench" / "bench_files.c"])
    init = _INIT.format(nfs_port=server.nfs_port, mount_port=server.mount_port, run=run,
                        megabytes=megabytes)
    regular, folder_mode = 0o100755, 0o40755
    entries = [(name, folder_mode, b"") for name in ("bin", "dev", "modules")]
    entries += [("bin/busybox", regular, (_LINUX / "busybox").read_bytes()),
                ("bench_files", regular, program.read_bytes()), ("init", regular, init.encode())]
    entries += [(f"modules/{file.name}", regular, file.read_bytes())
                for file in sorted((_LINUX / "modules").iterdir())]
    archive = folder / "initrd.cpio"
    archive.write_bytes(b"".join(pack_image.cpio_entry(*entry) for entry in [
        (name, content, mode) for name, mode, content in entries] + [("TRAILER!!!", b"", 0)]))
    return archive


def _numbers(text):
    found = {name: float(value) for name, value in re.findall(r"^(\w+) ([\d.]+)\r?$", text, re.M)}
    missing = [key for key in KEYS if key not in found]
    if missing:
        raise SosError(f"no {missing[0]} in: {text[-500:]}")
    return {key: found[key] for key in KEYS}


def _on_linux(folder, server, run, megabytes):
    archive = _make_initrd(folder, server, run, megabytes)
    command = [machine.QEMU, "-machine", "virt,gic-version=2", "-cpu", "cortex-a53", "-m", "1024",
               "-nographic", "-nodefaults", "-serial", "stdio", "-no-reboot", *machine.NETWORK,
               "-kernel", str(_LINUX / "kernel"), "-initrd", str(archive), "-append",
               "console=ttyAMA0 quiet nokaslr kpti=off mitigations=off rdinit=/init"]
    qemu = spawn(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        output, _ = qemu.communicate(timeout=_LIMIT)
    except subprocess.TimeoutExpired:
        raise SosError(f"Linux has not come to the end within {_LIMIT:g} s") from None
    finally:
        end(qemu)
    return _numbers(output.decode(errors="replace"))


def _on_sos(folder, server, run, megabytes):
    with scenario.Sos(folder / f"sos{run}", server, image=BUILD / "sos-release.img") as sos:
        sos.prompt()
        return _numbers(sos.run(f"bench_files / / {run} {megabytes}", limit=_LIMIT))


def _prepare(root, run, megabytes):
    """Files that neither system has seen, with holes nowhere, and on the disk already: what the
    host writes back later would slow down whoever is measured then."""
    block = bytes(range(256)) * 4096
    for name in [f"cold{run}_{size}" for size in SIZES] + [f"uncached{run}"]:
        with open(root / name, "wb") as file:
            for _ in range(megabytes):
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
    (root / "probe").write_bytes(b"probe")


def _forget(root, run):
    for file in [*root.glob(f"cold{run}_*"), root / f"uncached{run}"]:
        file.unlink()


def measure(work, runs, megabytes=MEGABYTES):
    """By key: the median on SOS, and with linux_ before it, on Linux."""
    if not (_LINUX / "kernel").exists():
        _run_tool([REPOSITORY / "third_party" / "linux" / "fetch.sh"], stdout=sys.stderr)
    work = Path(work)
    root = work / "export"
    root.mkdir()
    scenario.populate(root, BUILD / "aarch64-release")
    results = {"": [], "linux_": []}
    with NfsServer(root, work) as server:
        for number in range(runs):
            for prefix, name, measure_one in (("", "SOS", _on_sos), ("linux_", "Linux", _on_linux)):
                run = f"{name.lower()}{number}"
                _prepare(root, run, megabytes)
                began = time.monotonic()
                results[prefix].append(measure_one(work, server, run, megabytes))
                _progress(f"run {number + 1} of {runs}, {name}: {time.monotonic() - began:.0f} s")
                _forget(root, run)
    return {prefix + key: round(statistics.median(one[key] for one in some), 3)
            for prefix, some in results.items() for key in KEYS}


def table(numbers):
    """Markdown."""
    lines = ["| | SOS | Linux 6.1 | ratio | goal |", "|---|---:|---:|---:|---:|"]
    for key in KEYS:
        ours, theirs = numbers[key], numbers["linux_" + key]
        goal = GOALS.get(key)
        lines.append(f"| `{key}` | {ours:.1f} | {theirs:.1f} | {ours / theirs:.2f} | "
                     f"{goal if goal else ''} |")
    return "\n".join(lines)


def plot(numbers):
    """An SVG: megabytes a second by bytes a call."""
    width, height, gap = 240, 200, 40
    parts = []
    for column, what in enumerate(("read_cold", "read_warm", "write")):
        top = max(numbers[p + f"{what}_{s}"] for p in ("", "linux_") for s in SIZES)
        left = gap + column * (width + gap)
        parts.append(f'<text x="{left}" y="20">{what}, MB/s (top: {top:.0f})</text>'
                     f'<path d="M{left} 30 V{30 + height} H{left + width}" fill="none" '
                     f'stroke="#888"/>')
        for prefix, colour in (("", "#06c"), ("linux_", "#c60")):
            points = " ".join(
                f"{left + 10 + i * (width - 20) / (len(SIZES) - 1):.0f},"
                f"{30 + height - numbers[prefix + f'{what}_{size}'] / top * (height - 10):.0f}"
                for i, size in enumerate(SIZES))
            parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" '
                         f'stroke-width="2"/>')
        for i, label in enumerate(("512", "4K", "32K", "256K", "1M")):
            x = left + 10 + i * (width - 20) / (len(SIZES) - 1)
            parts.append(f'<text x="{x:.0f}" y="{46 + height}" text-anchor="middle">{label}</text>')
    parts.append(f'<text x="{gap}" y="{70 + height}" fill="#06c">SOS</text>'
                 f'<text x="{gap + 50}" y="{70 + height}" fill="#c60">Linux 6.1</text>')
    total = 3 * (width + gap) + gap
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total} {90 + height}" '
            f'font-family="sans-serif" font-size="12">' + "".join(parts) + "</svg>\n")


def save(numbers, runs):
    folder = REPOSITORY / "docs" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "files.svg").write_text(plot(numbers))
    (folder / "files.md").write_text(
        "# Files, against Linux's NFS client\n\n"
        f"`./sos bench files --save`: medians of {runs} runs, in turns, in the same QEMU with the "
        "same server, on files\nof 52 MiB. Megabytes a second for transfers, operations a second "
        "for the rest. Linux runs without KASLR\nand KPTI; `stat` and `open_close` with `noac`, "
        "and `read_uncached_4096` with O_DIRECT. Ratios can be\ncompared with those of other "
        f"machines, numbers not.\n\n{table(numbers)}\n\n![by size of a call](files.svg)\n")

# SPDX-License-Identifier: BSD-2-Clause
"""The emulated machine and the boot arguments it is given."""

import shlex
import subprocess
import sys

from children import SosError, spawn
from run_folder import REPOSITORY

QEMU = "qemu-system-aarch64"
BOOTARGS_LIMIT = 4096  # bytes, on both sides
STATIC_ADDRESS = "10.0.2.15/24,10.0.2.2"  # what QEMU's user network would hand out, but sooner


def quote(value):
    """A boot argument's value: quoted if needed, so that any byte but NUL survives."""
    if "\0" in value:
        raise SosError("a boot argument cannot hold a NUL byte")
    if value and not set(value) & set(' \t\r\n"'):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def bootargs(settings, extra=""):
    """`settings`: pairs of key and value. `extra` goes last as it is: a later word wins."""
    line = " ".join(f"{key}={quote(value)}" for key, value in settings)
    if extra:
        line += " " + extra
    size = len(line.encode(errors="surrogateescape"))
    if size > BOOTARGS_LIMIT:
        raise SosError(f"the boot arguments have {size} bytes, {BOOTARGS_LIMIT} are possible")
    return line


NETWORK = ["-global", "virtio-mmio.force-legacy=false",
           "-netdev", "user,id=net", "-device", "virtio-net-device,netdev=net"]


def command(image, arguments, extra="", network=NETWORK):
    """QEMU's command line; the serial line is its standard input and output."""
    return [
        QEMU, "-machine", "virt,gic-version=2", "-cpu", "cortex-a53", "-m", "1024",
        "-nodefaults", "-display", "none", "-no-reboot",
        "-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
        *network, "-kernel", str(image), "-append", arguments, *shlex.split(extra)]


def start(image, arguments, errors, extra="", network=NETWORK):
    """Starts QEMU. `errors`: a file for its own messages."""
    return spawn(command(image, arguments, extra, network), stdin=subprocess.PIPE,
                 stdout=subprocess.PIPE, stderr=errors, bufsize=0)


def pack(image, loader, kernel, root, dtb=None):
    """Writes a boot image."""
    words = [sys.executable, str(REPOSITORY / "tools" / "pack_image.py"), "--loader", str(loader),
             "--kernel", str(kernel), "--root", str(root), "-o", str(image)]
    if dtb:
        words += ["--dtb", str(dtb)]
    packed = subprocess.run(words, capture_output=True, text=True)
    if packed.returncode != 0:
        raise SosError("the image cannot be packed: " + packed.stderr.strip())

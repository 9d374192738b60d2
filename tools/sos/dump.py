# SPDX-License-Identifier: BSD-2-Clause
"""./sos dump: what a running SOS is doing, from outside, whether or not it still answers.

QEMU is asked through the monitor that each run has in its folder; gdb reads the machine's memory
(gdb_state.py), while the machine stands still for a moment."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import symbols
from children import SosError
from monitor import Monitor
from run_folder import BUILD, REPOSITORY, running

GDB = "gdb-multiarch"
_LIMIT = 120.0  # seconds for gdb, with all of the debug information to read

_STATES = {
    "inactive": "does not run",
    "running": "ready",
    "restart": "ready",
    "blocked_on_receive": "waits for a message",
    "blocked_on_send": "waits to send a message",
    "blocked_on_reply": "waits for an answer",
    "blocked_on_notification": "waits for a signal",
    "idle": "idle",
}


def read_state(monitor_path, kernel, server, work):
    """Stops the machine, has gdb look at it, lets it go on. Returns gdb_state.py's result."""
    state, stub = Path(work) / "state.json", Path(work) / "gdb"
    with Monitor(monitor_path) as monitor:
        was_running = "running" in monitor.ask("info status")
        monitor.ask("stop")
        monitor.ask(f"gdbserver unix:{stub},server=on,wait=off")
    try:
        command = [GDB, "-nx", "-batch", "-ex", "set confirm off", "-ex",
                   "set max-value-size unlimited", "-ex", f"file {kernel}",
                   "-ex", f"add-symbol-file {server}", "-ex", "set architecture aarch64",
                   "-ex", f"target remote {stub}",
                   "-x", str(REPOSITORY / "tools" / "sos" / "gdb_state.py"),
                   "-ex", "disconnect"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT, check=False,
                              stdin=subprocess.DEVNULL,
                              env=os.environ | {"SOS_STATE": str(state), "SOS_KERNEL": str(kernel)})
        if not state.exists():
            raise SosError(f"{GDB} could not read the machine:\n{done.stderr.strip()}")
        return json.loads(state.read_text())
    except FileNotFoundError:
        raise SosError(f"{GDB} is not installed; ./sos doctor tells what is missing") from None
    except subprocess.TimeoutExpired:
        raise SosError(f"{GDB} does not come to an end") from None
    finally:
        with Monitor(monitor_path) as monitor:
            monitor.ask("gdbserver none")
            if was_running:
                monitor.ask("cont")


def _waits(thread, threads):
    """What a thread waits for, in words."""
    text = _STATES.get(thread["state"], thread["state"])
    if thread["state"] in ("blocked_on_send", "blocked_on_notification") and thread["object"]:
        owners = {each["name"] for each in threads if each is not thread and thread["object"] in
                  (each["object"] if each["state"] == "blocked_on_receive" else 0, each["bound"])}
        text += f" at {thread['object']:#x}" + (f" of {', '.join(sorted(owners))}" if owners else "")
    if thread["queued"] == "release":
        text += ", out of budget"
    if not thread["context"] and thread["state"] in ("running", "restart"):
        text += ", without a scheduling context"
    return text


def thread_lines(threads, names):
    """Threads that do the same, such as handlers without work, are told once."""
    alike = {}
    for thread in threads:
        key = thread["name"], _waits(thread, threads), tuple(thread["chain"])
        alike.setdefault(key, []).append(thread)
    for (name, waits, _), group in alike.items():
        thread = group[0]
        count = f"{len(group)} x " if len(group) > 1 else ""
        yield f"{count}{name or '(no name)'}, priority {thread['priority']}: {waits}"
        program = thread["name"].split(" ")[0].rpartition("/")[2]
        for address in thread["chain"]:
            yield f"    {address:016x}  {names.name(address, program)}".rstrip()


def process_lines(processes):
    for each in processes:
        wait = each["wait"].replace("_", " ")
        if wait == "sleep":
            wait = f"sleep until {each['until_us']} us"
        elif wait in ("child", "killed", "creation"):
            wait += f" {each['target']}" if each["target"] < 512 else " (any)"
        yield f"{each['pid']:>4}  {each['state']:<9} {each['command']:<24} waits: {wait}"


_REQUEST_STATES = {
    "in_flight": "the NFS server has it",
    "nowhere": "being worked on",
    "to_be_sent": "to be sent",
    "for_node": "waits for its file",
    "for_resources": "waits for room in the cache",
    "for_io": "waits for a transfer",
    "for_paging": "waits",
}


def request_lines(requests, now_us):
    """Who wants what, since when, and what it waits for."""
    for each in requests:
        who = "the server" if each["pid"] is None else f"pid {each['pid']}"
        words = [each["what"]]
        if each.get("path"):
            words.append(each["path"])
        if each.get("pages"):
            words.append(f"{each['pages']} pages")
        if each.get("total"):
            words.append(f"{each['done']} of {each['total']} bytes")
        words.append(_REQUEST_STATES.get(each["state"], each["state"]))
        if now_us is not None and each["since_us"] is not None:
            words.append(f"for {max(0, now_us - each['since_us']) / 1e6:.0f} s")
        yield f"{who}: {', '.join(words)}"


def text_of(state, names):
    """The report, line by line."""
    yield f"processor: pc {state['pc']:016x}  {names.name(state['pc'])}".rstrip()
    if state.get("kernel"):
        yield from ("    " + line for line in state["kernel"].splitlines())
    for line in state["registers"].splitlines():
        if line.split()[0] in ("sp", "x29", "x30", "cpsr"):
            yield f"    {line}"
    if state.get("threads"):
        yield "threads:"
        yield from ("  " + line for line in thread_lines(state["threads"], names))
    if state.get("processes"):
        yield "processes:"
        yield from ("  " + line for line in process_lines(state["processes"]))
    if state.get("requests"):
        yield "requests:"
        yield from ("  " + line for line in request_lines(state["requests"], state.get("now_us")))
    if state.get("numbers"):
        yield "in use:"
        yield from (f"  {number:>8}  {what}" for what, number in state["numbers"].items())
    for error in state["errors"]:
        yield f"not to be read: {error}"


def report(folder):
    """The lines about the machine that runs in a folder of run_folder.py."""
    build = BUILD / "aarch64-debug"
    kernel, server = build / "kernel" / "kernel.elf", build / "server" / "sos.elf"
    about = folder / "machine.json"
    if about.exists():
        files = json.loads(about.read_text())
        build, kernel, server = (Path(files[key]) for key in ("build", "kernel", "root"))
    with tempfile.TemporaryDirectory(prefix="sos-dump-") as work:
        state = read_state(folder / "monitor", kernel, server, work)
    yield from text_of(state, symbols.for_build(build, kernel, server))


def main():
    parser = argparse.ArgumentParser(prog="./sos dump")
    parser.add_argument("folder", nargs="?", type=Path, help="of the run, when there are several")
    options = parser.parse_args()
    folders = [options.folder] if options.folder else running()
    if not folders:
        sys.exit("sos: no SOS started by ./sos run is running")
    if len(folders) > 1:
        print("sos: several are running; name one:", file=sys.stderr)
        for folder in folders:
            print(f"  ./sos dump {folder}", file=sys.stderr)
        sys.exit(1)
    try:
        for line in report(folders[0]):
            print(line)
    except (SosError, OSError) as error:
        sys.exit(f"sos: {error}")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: BSD-2-Clause
"""Runs inside gdb: reads the state of a stopped machine and writes it as JSON to $SOS_STATE.

All memory is read by its physical address, so nothing depends on where the processor happens to be;
layouts come from the debug information of the kernel and the server. dump.py turns the result into
text."""

import json
import os
import struct

import gdb

PAGE = 4096
CALL_SIZE = 4  # bytes of a call instruction
STACK_LIMIT = 64  # frames of a call chain
OUTPUT_MASK = 0x0000_FFFF_FFFF_F000
ANONYMOUS = "(anonymous namespace)::"


def physical(address, size):
    return bytes(gdb.selected_inferior().read_memory(address, size))


class KernelMemory:
    """Physical addresses of the kernel's own: its image, and the window with all of RAM."""

    def __init__(self, elf):
        self.window = 0xFFFF_FF80_0000_0000
        self.image = []
        with open(elf, "rb") as file:
            data = file.read()
        phoff, = struct.unpack_from("<Q", data, 32)
        size, count = struct.unpack_from("<HH", data, 54)
        for i in range(count):
            kind, _, _, virtual, real, _, length = struct.unpack_from("<IIQQQQQ", data, phoff + i * size)
            if kind == 1:
                self.image.append((virtual, real, length))

    def read(self, address, size):
        for virtual, real, length in self.image:
            if virtual <= address < virtual + length:
                return physical(address - virtual + real, size)
        if address < self.window:
            raise gdb.MemoryError(f"{address:#x} is no address of the kernel")
        return physical(address - self.window, size)


class UserMemory:
    """The lower half of an address space, by its four levels of tables."""

    def __init__(self, root):
        self._root = root
        self._pages = {}

    def _page(self, number):
        if number in self._pages:
            return self._pages[number]
        table = self._root
        for level in range(4):
            shift = 27 - 9 * level
            entry, = struct.unpack("<Q", physical(table + ((number >> shift) & 511) * 8, 8))
            if entry & 1 == 0:
                raise gdb.MemoryError(f"{number * PAGE:#x} is not mapped")
            table = entry & OUTPUT_MASK
            if level < 3 and entry & 2 == 0:  # a block
                table = (table & ~((PAGE << shift) - 1)) + (number & ((1 << shift) - 1)) * PAGE
                break
        self._pages[number] = table
        return table

    def read(self, address, size):
        data = b""
        while size > 0:
            inside = address % PAGE
            piece = min(size, PAGE - inside)
            data += physical(self._page(address // PAGE) + inside, piece)
            address, size = address + piece, size - piece
        return data


def word(memory, address):
    return struct.unpack("<Q", memory.read(address, 8))[0]


def symbol(name):
    found = gdb.lookup_static_symbol(name) or gdb.lookup_global_symbol(name)
    if found is None:
        raise gdb.error(f"no symbol {name}")
    return found


def address_of(name):
    return int(symbol(name).value().address)


def structure(memory, address, kind):
    return gdb.Value(memory.read(address, kind.sizeof), kind)


def call_chain(memory, context):
    """Where a thread goes on, the call that led there, and so on along the frame records. (The call,
    not where it returns to: behind a call that never returns begins another function.)"""
    chain = [int(context["next_pc"])]
    frame = int(context["x"][29])
    try:
        while frame and frame % 8 == 0 and len(chain) < STACK_LIMIT:
            previous, back = struct.unpack("<QQ", memory.read(frame, 16))
            chain.append(back - CALL_SIZE if back else 0)
            if previous <= frame:
                break
            frame = previous
    except gdb.MemoryError:
        pass
    return [address for address in chain if address]


def cap_address(cap):
    return int(cap["word0"]) & ((1 << 48) - 1) | 0xFFFF_0000_0000_0000


def threads(kernel):
    kind = gdb.lookup_type("numbat::Tcb")
    at = word(kernel, address_of(f"numbat::{ANONYMOUS}all_threads"))
    while at:
        tcb = structure(kernel, at, kind)
        vspace = cap_address(tcb["slots"][1]["cap"])
        space = UserMemory(vspace - kernel.window)
        yield {
            "name": tcb["name"].string(errors="replace"),
            "state": str(tcb["state"]).rpartition("::")[2],
            "priority": int(tcb["priority"]),
            "queued": str(tcb["queued_in"]).rpartition("::")[2],
            "object": int(tcb["blocked_endpoint"]) if tcb["queued_in"] else 0,
            "bound": int(tcb["bound_notification"]),
            "context": int(tcb["sched_context"]) != 0,
            "vspace": vspace,
            "chain": call_chain(space, tcb["context"]),
        }
        at = int(tcb["all_next"])


def processes(memory):
    server = structure(memory, address_of("sos::proc::pm_server"), gdb.lookup_type("sos::proc::PmServer"))
    entries = server["table_"]["entries_"]["_M_elems"]
    low, high = entries.type.strip_typedefs().range()
    for slot in range(low, high + 1):
        entry = entries[slot]
        state = str(entry["state"]).rpartition("::")[2]
        if state == "free":
            continue
        wait = entry["wait"]
        yield {"pid": slot, "state": state, "command": entry["command"].string(errors="replace"),
               "wait": str(wait["kind"]).rpartition("::")[2], "until_us": int(wait["until_us"]),
               "target": int(wait["target"]["slot"])}


def numbers(memory):
    """What is in use of the server's tables."""
    found = {}
    table = structure(memory, address_of(f"sos::vm::{ANONYMOUS}table"),
                      gdb.lookup_type(f"sos::vm::{ANONYMOUS}FrameTable"))
    found["frames in use"] = int(table["in_use"]["_M_i"])
    found["frames that may be evicted"] = int(table["evictable"])
    server = word(memory, address_of(f"sos::fs::{ANONYMOUS}server"))
    if server:
        files = structure(memory, server, gdb.lookup_type(f"sos::fs::{ANONYMOUS}FileServer"))
        low, high = files["free_calls"]["_M_elems"].type.strip_typedefs().range()
        found["requests at the file server"] = high - low + 1 - int(files["free_count"])
    return found


def part(result, name, function):
    """Half-made structures of a broken system must not cost the rest of the report."""
    try:
        result[name] = function()
    except (gdb.error, RuntimeError, ValueError) as error:
        result[name] = None
        result["errors"].append(f"{name}: {error}")


def main():
    result = {"errors": []}
    frame = gdb.newest_frame()
    result["pc"] = int(frame.pc())
    result["registers"] = gdb.execute("info registers", to_string=True)
    if result["pc"] >> 63:
        part(result, "kernel", lambda: gdb.execute("backtrace 40", to_string=True))
    gdb.execute("maintenance packet Qqemu.PhyMemMode:1", to_string=True)
    kernel = KernelMemory(os.environ["SOS_KERNEL"])
    part(result, "threads", lambda: list(threads(kernel)))
    roots = [each for each in result["threads"] or [] if each["name"] == "root"]
    if roots:
        space = UserMemory(roots[0]["vspace"] - kernel.window)
        part(result, "processes", lambda: list(processes(space)))
        part(result, "numbers", lambda: numbers(space))
    else:
        result["errors"].append("no thread named root: SOS has not come far, or the kernel keeps no "
                                "list of threads (release build)")
    gdb.execute("maintenance packet Qqemu.PhyMemMode:0", to_string=True)
    with open(os.environ["SOS_STATE"], "w", encoding="utf-8") as file:
        json.dump(result, file)


main()

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


def elements(array):
    """Of a std::array."""
    items = array["_M_elems"]
    low, high = items.type.strip_typedefs().range()
    return (items[i] for i in range(low, high + 1))


def enumerator(value):
    return str(value).rpartition("::")[2]


def variable(memory, name, kind):
    return structure(memory, address_of(name), gdb.lookup_type(kind))


def processes(memory):
    server = variable(memory, "sos::proc::pm_server", "sos::proc::PmServer")
    for slot, entry in enumerate(elements(server["table_"]["entries_"])):
        state = enumerator(entry["state"])
        if state == "free":
            continue
        wait = entry["wait"]
        yield {"pid": slot, "state": state, "command": entry["command"].string(errors="replace"),
               "wait": enumerator(wait["kind"]), "until_us": int(wait["until_us"]),
               "target": int(wait["target"]["slot"])}


def now_us(memory):
    """Microseconds since boot, to the second: the counter cannot be read from outside, the clock of
    the day can."""
    machine = variable(memory, f"sos::root::{ANONYMOUS}the_machine", "sos::platform::Machine")
    services = variable(memory, f"sos::syscall::{ANONYMOUS}given_services", "sos::syscall::Services")
    clock = machine["clock"]["_M_payload"]
    if not clock["_M_engaged"]:
        raise ValueError("the machine has no clock of the day")
    base = int(clock["_M_payload"]["_M_value"]["window"]["base"])
    return struct.unpack("<I", physical(base, 4))[0] * 1_000_000 - int(services["boot_time_us"])


def file_calls(memory, service):
    for call in elements(service["calls_"]):
        if not call["active"]:
            continue
        request = structure(memory, int(call["request"]), gdb.lookup_type("sos::fs::Request"))
        path = request["path"]
        yield {"what": enumerator(request["operation"]),
               "pid": int(call["owner"]["slot"]) if int(call["owner"]["generation"]) else None,
               "path": memory.read(int(path["_M_str"]), int(path["_M_len"])).decode(errors="replace"),
               "state": "in_flight" if call["in_flight"] else enumerator(call["waiting"]),
               "done": int(call["done"]), "total": int(call["total"]),
               "since_us": int(call["since_us"])}


def transfers(service):
    """RPCs of the cache, on behalf of all who use a file."""
    for io in elements(service["ios_"]["entries_"]):
        kind = enumerator(io["kind"])
        if kind != "none":
            yield {"what": f"cache {kind}", "pid": None, "offset": int(io["offset"]),
                   "total": int(io["bytes"]), "done": int(io["done"]),
                   "state": "in_flight" if io["in_flight"] else "to_be_sent",
                   "since_us": int(io["sent_us"]) if io["in_flight"] else None}


def page_transfers(memory, lane):
    for job in elements(lane["jobs_"]):
        state = enumerator(job["state"])
        if state != "idle":
            io = structure(memory, int(job["io"]), gdb.lookup_type("sos::fs::PageIo"))
            yield {"what": f"page {enumerator(io['kind'])}", "pid": None, "pages": int(io["count"]),
                   "state": "in_flight" if state == "in_flight" else "to_be_sent",
                   "since_us": int(job["sent_us"]) if state == "in_flight" else None}


def paging_waits(memory):
    """Faults that wait: for a page in transit, for room, for a turn. A waiter names the handler
    thread; the PM server knows whom that serves."""
    server = variable(memory, "sos::proc::pm_server", "sos::proc::PmServer")
    size = gdb.lookup_type("sos::proc::Handler").sizeof
    served = {int(record["handler"]): int(record["process"]["slot"])
              for record in elements(server["handlers_"]) if int(record["handler"])}
    waiter = gdb.lookup_type("sos::vm::Waiter")
    at = word(memory, address_of(f"sos::vm::{ANONYMOUS}waiting"))
    while at:
        record = structure(memory, at, waiter)
        thread = int(record["thread"])
        pids = [pid for handler, pid in served.items() if handler <= thread < handler + size]
        yield {"what": f"fault, {enumerator(record['what'])}", "pid": pids[0] if pids else None,
               "state": "for_paging", "since_us": None}
        at = int(record["link"]["next"])


def requests(memory):
    """What has been asked of the file server and is not answered yet, one by one."""
    at = word(memory, address_of(f"sos::fs::engine::{ANONYMOUS}parts"))
    if not at:
        return []
    parts = structure(memory, at, gdb.lookup_type(f"sos::fs::engine::{ANONYMOUS}Parts"))
    return [*file_calls(memory, parts["service"]), *transfers(parts["service"]),
            *page_transfers(memory, parts["lane"]), *paging_waits(memory)]


def numbers(memory):
    """What is in use of the server's tables."""
    found = {}
    table = structure(memory, address_of(f"sos::vm::{ANONYMOUS}table"),
                      gdb.lookup_type(f"sos::vm::{ANONYMOUS}FrameTable"))
    found["frames in use"] = int(table["in_use"]["_M_i"])
    found["frames that may be evicted"] = int(table["evictable"])
    found["frames for pages of programs, at most"] = int(table["max_page_frames"])
    slots = gdb.lookup_static_symbol(f"sos::vm::{ANONYMOUS}map").value()
    slots = structure(memory, int(slots.address), slots.type)
    found["slots of the page file in use"] = int(slots["used_"])
    found["slots of the page file in all"] = int(slots["limit_"])
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
        part(result, "requests", lambda: requests(space))
        part(result, "now_us", lambda: now_us(space))
    else:
        result["errors"].append("no thread named root: SOS has not come far, or the kernel keeps no "
                                "list of threads (release build)")
    gdb.execute("maintenance packet Qqemu.PhyMemMode:0", to_string=True)
    with open(os.environ["SOS_STATE"], "w", encoding="utf-8") as file:
        json.dump(result, file)


main()

// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>

#include "abi/boot_info.hpp"
#include "base/assert.hpp"
#include "sel4/syscalls.hpp"
#include "thread/context_page.hpp"
#include "thread/thread.hpp"

// The TLS image of the root task (ELF variant 1), from the linker script.
extern "C" {
extern const std::byte sos_tdata_start[];
extern const std::byte sos_tdata_end[];
extern const std::byte sos_tls_size[];  // an absolute symbol: its address is the size
}

namespace sos::thread {

namespace {

alignas(4096) constinit ContextPage root_context{};

}  // namespace

std::uint64_t set_up_tls(ContextPage& page) {
    const std::size_t image = static_cast<std::size_t>(sos_tdata_end - sos_tdata_start);
    const auto total = reinterpret_cast<std::size_t>(&sos_tls_size);
    if (tls_alignment + total > sizeof page.tls) PANIC("TLS image too big for a context page");
    std::copy_n(sos_tdata_start, image, page.tls + tls_alignment);
    return reinterpret_cast<std::uint64_t>(page.tls);
}

void adopt_root_thread(abi::IpcBuffer* ipc_buffer) {
    const std::uint64_t thread_pointer = set_up_tls(root_context);
    asm volatile("msr tpidr_el0, %0" : : "r"(thread_pointer) : "memory");
    root_context.block = {.name = "root", .tcb = sel4::CPtr{abi::init_cap::tcb}};
    sos_current_thread = &root_context.block;
    // The kernel's buffer, not the one of the page.
    sel4_ipc_buffer = ipc_buffer;
    sel4::debug_name_thread(root_context.block.tcb, root_context.block.name);
}

}  // namespace sos::thread

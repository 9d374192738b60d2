// SPDX-License-Identifier: BSD-2-Clause
// The page above a server thread's stack: IPC buffer, ThreadBlock and TLS area, and how the thread
// pointer is set up on it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "abi/ipc_buffer.hpp"
#include "sync/thread_block.hpp"

namespace sos::thread {

/// Alignment of the TLS segment, fixed by the linker script.
inline constexpr std::size_t tls_alignment = 64;
/// A C library finds its own thread structure below the thread pointer.
inline constexpr std::size_t below_thread_pointer = 512;

struct ContextPage {
    abi::IpcBuffer ipc_buffer;
    ThreadBlock block;
    void (*entry)(void*);
    void* argument;
    alignas(tls_alignment) std::byte libc_area[below_thread_pointer];
    alignas(tls_alignment) std::byte tls[2304];  // thread pointer, then the TLS image
};
static_assert(sizeof(ContextPage) <= 4096);

/// Copies the TLS image (ELF variant 1); the value for TPIDR_EL0.
std::uint64_t set_up_tls(ContextPage& page);

}  // namespace sos::thread

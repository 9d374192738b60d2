// SPDX-License-Identifier: BSD-2-Clause
// Start of the resource layer, its accounts, and fault injection for tests.
#pragma once

#include <cstdint>

#include "abi/boot_info.hpp"
#include "abi/sos_file.hpp"
#include "error.hpp"

namespace sos::res {

/// Takes over what the kernel gave the root task: builds the capability space, cuts the untypeds,
/// makes the second ASID pool. Called once, by the root thread, before everything else in here.
Result<void> init(const abi::BootInfo& boot_info);

/// Fills slots, untyped_bytes and reply_objects: what is owned by somebody at this moment.
void count(abi::ResourceCount& counts);

/// The bound of what the server has for itself (budget.hpp), and how much of it is kept free by
/// those who can give way.
inline constexpr std::uint64_t server_memory_limit = 64 << 20;
inline constexpr std::uint64_t server_memory_reserve = 2 << 20;

struct ServerMemory {
    std::uint64_t used;  // bytes
    std::uint64_t most;  // that it ever was
    std::uint64_t limit;
};
ServerMemory server_memory();
/// Is less than the reserve left?
bool server_memory_pressed();
/// `tell` is called when that comes to be, and now and then while it lasts; by any thread, under
/// cu_lock.
void on_server_memory_pressed(void (*tell)());

struct MemoryReport {
    std::uint64_t total_bytes;       // of the pool: all that the kernel left us
    std::uint64_t free_block_bytes;  // in 2 MiB blocks that are free in one piece
    std::uint64_t owned_bytes;       // owned through Untyped and Object
    std::uint64_t server_bytes;      // behind ServerPages
    std::uint64_t unusable_bytes;    // boot pieces below 4 KiB, blocks beyond the bound
};
MemoryReport memory_report();

/// Debug builds: the n-th acquisition from now on (1 is the next) fails with Error::no_memory,
/// once. 0 switches it off. True acquisitions are slots, untypeds, frames and server pages.
void fail_after(std::uint64_t n);

/// How many acquisitions there were since the start (debug builds; else 0).
std::uint64_t acquisitions();

}  // namespace sos::res

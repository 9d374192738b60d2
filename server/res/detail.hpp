// SPDX-License-Identifier: BSD-2-Clause
// What the parts of res share and nobody else uses. Functions marked (locked) require cu_lock.
#pragma once

#include <cstdint>

#include "abi/boot_info.hpp"
#include "abi/object_type.hpp"
#include "base/bits.hpp"
#include "base/strong.hpp"
#include "error.hpp"
#include "res/budget.hpp"
#include "res/untyped.hpp"
#include "sel4/types.hpp"

namespace sos::res::detail {

/// Counts an acquisition; false if this is the one that res::fail_after named.
bool acquisition_allowed();

/// What the server may have (res.cpp). GUARDED_BY(cu_lock).
extern Budget budget;

// Capability space (cspace.cpp).

/// (locked) `count` adjacent slots, a power of two up to 512.
Result<std::uint32_t> take_slots(std::uint32_t count);
/// (locked) They must be empty.
void give_slots(std::uint32_t first, std::uint32_t count);
/// Slots owned through res::Slot.
std::uint64_t owned_slots();

/// Makes `count` objects (any number, in adjacent slots of one leaf).
Result<void> retype(sel4::CPtr untyped, abi::ObjectType type, unsigned size_bits,
                    std::uint32_t first_slot, std::uint32_t count);

/// At boot, in this order: free slots of the first leaf; then, with memory at hand, two levels.
void init_slots(const abi::BootInfo& boot_info);
Result<void> build_two_levels();

// Untyped memory (untyped.cpp).

/// (locked)
Result<UntypedId> take_memory(unsigned size_bits);
/// (locked)
void give_memory(UntypedId id);
sel4::CPtr memory_cptr(UntypedId id);
unsigned memory_size_bits(UntypedId id);
Result<void> init_memory(const abi::BootInfo& boot_info);

struct MemoryCounts {
    std::uint64_t total_bytes = 0;
    std::uint64_t unusable_bytes = 0;
    std::uint32_t free_blocks = 0;  // of 2 MiB
    std::uint32_t all_blocks = 0;   // of 2 MiB
};
MemoryCounts memory_counts();
/// (locked)
const MemoryCounts& memory_counts_locked();
/// Bytes owned through res::Untyped.
std::uint64_t owned_memory_bytes();

// Objects (owned.cpp).
Result<void> init_asid_pools();
void count_object(abi::ObjectType type, int change);
std::uint64_t live_objects(abi::ObjectType type);

// The server's address space (server_pages.cpp, device_memory.cpp, frame_pool.cpp).
Result<void> init_server_space();
/// With pages that were given up for a while.
std::uint64_t server_page_bytes();
void init_device_memory(const abi::BootInfo& boot_info);
/// (locked) A capability, not mapped, of the device page at `page`.
Result<sel4::CPtr> take_device_page(base::PAddr page);

}  // namespace sos::res::detail

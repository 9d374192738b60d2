// SPDX-License-Identifier: BSD-2-Clause
// The page file as the pager sees it: slots, 19 bits to name one, and a checksum of what was last
// written to each. What comes back from the NFS server is only believed when it agrees: page-outs
// are unstable writes, which a server may lose when it crashes.
//
// All functions require ft_lock unless they say otherwise.
#pragma once

#include <cstdint>

#include "error.hpp"
#include "vm/slot_map.hpp"

namespace sos::vm {

inline constexpr unsigned slot_bits = 19;
using PageFileMap = SlotMap<16, 15>;
static_assert(PageFileMap::all_slots == 1u << slot_bits);

/// `slots`: at most so many are used; 0: all. Called once, needs no lock.
Result<void> init_page_file(std::uint32_t slots);

SlotRun take_slots(std::uint32_t wanted);
void give_slot(std::uint32_t slot);
void set_checksum(std::uint32_t slot, std::uint32_t checksum);
bool checksum_agrees(std::uint32_t slot, std::uint32_t checksum);

/// Need no lock.
std::uint32_t slots_in_use();
std::uint32_t slots_free();

}  // namespace sos::vm

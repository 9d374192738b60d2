// SPDX-License-Identifier: BSD-2-Clause
// The page file as the pager sees it: slots, 19 bits to name one, and a checksum of what was last
// written to each. What comes back from the NFS server is only believed when it agrees: page-outs
// are unstable writes, which a server may lose when it crashes.
//
// The bitmaps of four of the sixteen segments are in memory at a time (slot_map.hpp): as long as
// 512 MiB are enough, none is ever written or read.
//
// All functions require ft_lock unless they say otherwise.
#pragma once

#include <cstdint>

#include "error.hpp"
#include "fs/pager/page_io.hpp"
#include "vm/slot_map.hpp"

namespace sos::vm {

inline constexpr unsigned slot_bits = 19;
using PageFileMap = SlotMap<16, 15, 4>;
static_assert(PageFileMap::all_slots == 1u << slot_bits);
static_assert(sizeof(PageFileMap::Bitmap) == 4096);  // a segment's first page

/// `slots`: at most so many are used; 0: all. Called once, needs no lock.
Result<void> init_page_file(std::uint32_t slots);

/// Up to `wanted` slots one after the other. None: there are none, or a bitmap has to come first.
SlotRun take_slots(std::uint32_t wanted);
void give_slot(std::uint32_t slot);
void set_checksum(std::uint32_t slot, std::uint32_t checksum);
bool checksum_agrees(std::uint32_t slot, std::uint32_t checksum);

/// Fills in the transfer of a bitmap that is necessary before slots can be taken again; false when
/// none is, or one is under way. `end_bitmap_io` is to be called when it has ended.
bool begin_bitmap_io(fs::PageIo& io);
void end_bitmap_io(const fs::PageIo& io);

/// Slots that can be taken, some of them perhaps only after a bitmap has come.
std::uint32_t slots_free();
/// Needs no lock.
std::uint32_t slots_in_use();

}  // namespace sos::vm

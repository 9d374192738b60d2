// SPDX-License-Identifier: BSD-2-Clause
#include "vm/page_file.hpp"

#include "res/server_pages.hpp"
#include "sync/lock.hpp"

namespace sos::vm {

namespace {

constinit PageFileMap map;                     // GUARDED_BY(ft_lock)
res::ServerPages checksum_memory;              // never given back
constinit std::uint32_t* checksums = nullptr;  // GUARDED_BY(ft_lock)

}  // namespace

Result<void> init_page_file(std::uint32_t slots) {
    const std::uint32_t usable = slots == 0 ? PageFileMap::usable_slots : slots;
    map.limit(usable);
    // Slots are taken from the lowest on, until as many as allowed are in use: with gaps of what is
    // in transit, all of them may have had a turn.
    constexpr std::size_t bytes = PageFileMap::all_slots * sizeof(std::uint32_t);
    checksum_memory = TRY(res::map_pages(bytes / res::page_size));
    checksums = reinterpret_cast<std::uint32_t*>(checksum_memory.data());
    return {};
}

SlotRun take_slots(std::uint32_t wanted) {
    ASSERT(ft_lock.held_by_me());
    return checksums == nullptr ? SlotRun{} : map.take(wanted);
}

void give_slot(std::uint32_t slot) {
    ASSERT(ft_lock.held_by_me());
    map.give(slot);
}

void set_checksum(std::uint32_t slot, std::uint32_t checksum) {
    ASSERT(ft_lock.held_by_me() && map.in_use(slot));
    checksums[slot] = checksum;
}

bool checksum_agrees(std::uint32_t slot, std::uint32_t checksum) {
    ASSERT(ft_lock.held_by_me());
    return checksums[slot] == checksum;
}

std::uint32_t slots_in_use() {
    return map.used();
}

std::uint32_t slots_free() {
    return checksums == nullptr ? 0 : map.free();
}

}  // namespace sos::vm

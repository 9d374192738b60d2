// SPDX-License-Identifier: BSD-2-Clause
#include "vm/page_file.hpp"

#include "log/log.hpp"
#include "res/server_pages.hpp"
#include "sync/lock.hpp"

namespace sos::vm {

namespace {

constinit PageFileMap map;                     // GUARDED_BY(ft_lock)
res::ServerPages checksum_memory;              // never given back
constinit std::uint32_t* checksums = nullptr;  // GUARDED_BY(ft_lock)

}  // namespace

Result<void> init_page_file(std::uint32_t slots) {
    map.limit(slots == 0 ? PageFileMap::usable_slots : slots);
    constexpr std::size_t bytes = PageFileMap::all_slots * sizeof(std::uint32_t);
    checksum_memory = TRY(res::map_pages(bytes / res::page_size));
    checksums = reinterpret_cast<std::uint32_t*>(checksum_memory.data());
    map.use_words(
        std::span<std::uint32_t, PageFileMap::all_slots>(checksums, PageFileMap::all_slots));
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
    ASSERT(ft_lock.held_by_me());
    checksums[slot] = checksum;
}

bool checksum_agrees(std::uint32_t slot, std::uint32_t checksum) {
    ASSERT(ft_lock.held_by_me());
    return checksums[slot] == checksum;
}

bool begin_bitmap_io(fs::PageIo& io) {
    ASSERT(ft_lock.held_by_me());
    const std::optional<BitmapMotion> motion = checksums == nullptr ? std::nullopt : map.motion();
    if (!motion) return false;
    const bool store = motion->kind == BitmapMotion::Kind::store;
    io = {};
    io.kind = store ? fs::PageIoKind::write_slots : fs::PageIoKind::read_slots;
    io.count = 1;
    io.slot = std::uint64_t{motion->segment} * PageFileMap::segment_slots;
    io.pages[0] = reinterpret_cast<std::byte*>(map.cached(motion->page).data());
    return true;
}

void end_bitmap_io(const fs::PageIo& io) {
    ASSERT(ft_lock.held_by_me());
    // The checksum of the place that no page has is that of the bitmap.
    if (io.kind == fs::PageIoKind::write_slots) {
        if (!io.failed) checksums[io.slot] = io.checksums[0];
        map.stored(!io.failed);
        return;
    }
    const bool good = !io.failed && checksums[io.slot] == io.checksums[0];
    map.loaded(good);
    if (good) return;
    log::warn<log::Area::vm>("page file: the bitmap of segment {} is lost; nothing more goes there",
                             io.slot / PageFileMap::segment_slots);
}

std::uint32_t slots_in_use() {
    return map.used();
}

std::uint32_t slots_free() {
    return checksums == nullptr ? 0 : map.free();
}

}  // namespace sos::vm

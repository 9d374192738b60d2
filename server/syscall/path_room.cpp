// SPDX-License-Identifier: BSD-2-Clause
#include "syscall/path_room.hpp"

#include "proc/page_pool.hpp"

namespace sos::syscall {

namespace {
constexpr std::size_t pages_each = 2 * abi::max_path / res::page_size;
constinit proc::PagePool<8, pages_each> pool;
}  // namespace

Result<void> init_path_rooms() {
    return pool.init();
}

Result<PathRoom> PathRoom::take() {
    if (std::byte* const place = pool.take()) return PathRoom(place);
    res::ServerPages pages = TRY(res::map_pages(pages_each));
    PathRoom room(pages.data());
    room.pages_ = std::move(pages);
    return room;
}

PathRoom::~PathRoom() {
    if (place_ != nullptr && !pages_.valid()) pool.give(place_);
}

}  // namespace sos::syscall

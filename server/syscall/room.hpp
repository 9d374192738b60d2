// SPDX-License-Identifier: BSD-2-Clause
// Room: memory for something that a system call needs as long as it takes. Few processes are in
// such a call at a time: for these there is a pool, more get pages for themselves.
#pragma once

#include <span>
#include <utility>

#include "error.hpp"
#include "proc/page_pool.hpp"
#include "res/server_pages.hpp"

namespace sos::syscall {

template <std::size_t PagesEach>
class [[nodiscard]] Room {
  public:
    static constexpr std::size_t pages = PagesEach;
    static constexpr std::size_t size = pages * res::page_size;

    /// At boot: the pool.
    static Result<void> init() { return pool_.init(); }

    static Result<Room> take() {
        if (std::byte* const place = pool_.take()) return Room(place, {});
        res::ServerPages own = TRY(res::map_pages(PagesEach));
        std::byte* const place = own.data();
        return Room(place, std::move(own));
    }
    Room(Room&& other) noexcept
        : place_(std::exchange(other.place_, nullptr)), pages_(std::move(other.pages_)) {}
    Room& operator=(Room&&) = delete;
    ~Room() {
        if (place_ != nullptr && !pages_.valid()) pool_.give(place_);
    }

    /// What is there is what the last one left.
    std::span<std::byte, size> bytes() const { return std::span<std::byte, size>(place_, size); }

  private:
    Room(std::byte* place, res::ServerPages own) : place_(place), pages_(std::move(own)) {}

    static proc::PagePool<8, PagesEach> pool_;  // room.cpp, for each size that is used

    std::byte* place_;
    res::ServerPages pages_;  // where it is; none: in the pool
};

/// At boot: some rooms of each kind.
Result<void> init_rooms();

}  // namespace sos::syscall

// SPDX-License-Identifier: BSD-2-Clause
// PagePool: places of a few pages each for what is needed for a short time, by any handler. So many
// are made at boot; whoever finds all of them taken gets pages for itself.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "error.hpp"
#include "res/server_pages.hpp"

namespace sos::proc {

template <unsigned Capacity, std::size_t PagesEach>
class PagePool {
    static_assert(Capacity < 32);

  public:
    static constexpr std::size_t place_size = PagesEach * res::page_size;

    Result<void> init() {
        pages_ = TRY(res::map_pages(Capacity * PagesEach));
        free_.store((1u << Capacity) - 1, std::memory_order_release);
        return {};
    }

    /// Null when all are taken. What is there is what the last one left.
    std::byte* take() {
        std::uint32_t bits = free_.load(std::memory_order_acquire);
        while (bits != 0) {
            if (free_.compare_exchange_weak(bits, bits & (bits - 1), std::memory_order_acquire)) {
                return pages_.data() + std::size_t(std::countr_zero(bits)) * place_size;
            }
        }
        return nullptr;
    }

    void give(const void* place) {
        const auto offset = static_cast<const std::byte*>(place) - pages_.data();
        free_.fetch_or(1u << (static_cast<std::size_t>(offset) / place_size),
                       std::memory_order_release);
    }

  private:
    res::ServerPages pages_;
    std::atomic<std::uint32_t> free_{0};
};

}  // namespace sos::proc

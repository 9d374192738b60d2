// SPDX-License-Identifier: BSD-2-Clause
// Memory and device windows in the server's own address space.
//
// One region of 256 MiB of addresses is shared out page by page; a bitmap says which pages are in
// use, a table which frame is behind each. Freed pages are unmapped. Whole 2 MiB of a big request
// are backed by large pages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "base/mmio.hpp"
#include "base/strong.hpp"
#include "error.hpp"
#include "sel4/types.hpp"

namespace sos::res {

inline constexpr std::size_t page_size = 4096;

/// Owner of virtually contiguous, zero-filled, writable pages of the server.
class [[nodiscard]] ServerPages {
  public:
    constexpr ServerPages() = default;
    ServerPages(ServerPages&& other) noexcept
        : first_(std::exchange(other.first_, 0)),
          guards_(std::exchange(other.guards_, 0)),
          count_(std::exchange(other.count_, 0)),
          beside_(std::exchange(other.beside_, false)) {}
    ServerPages& operator=(ServerPages&& other) noexcept {
        if (this != &other) {
            reset();
            first_ = std::exchange(other.first_, 0);
            guards_ = std::exchange(other.guards_, 0);
            count_ = std::exchange(other.count_, 0);
            beside_ = std::exchange(other.beside_, false);
        }
        return *this;
    }
    ~ServerPages() { reset(); }

    bool valid() const { return count_ != 0; }
    std::byte* data() const;
    std::size_t size() const { return count_ * page_size; }
    std::span<std::byte> bytes() const { return {data(), size()}; }

    /// The frame capability of one page, for instance of a thread's IPC buffer. Only for requests
    /// below 2 MiB.
    sel4::CPtr frame(std::size_t page) const;

    /// Of map_contiguous: where the first byte is in physical memory.
    Result<base::PAddr> physical_address() const;

    // Of 2 MiB and more: part `index` of 2 MiB gives its memory back, and gets some again.

    /// Nobody may touch it from here on. False when it does not have a large page of its own.
    bool give_up_large(std::size_t index);
    /// Zero-filled; no_memory when the server has little left.
    Result<void> back_again(std::size_t index);

    /// This is memory of the frame table, not what the server has for itself (budget.hpp).
    void count_beside();

    void reset();

  private:
    friend class ServerSpace;
    ServerPages(std::uint32_t first, std::uint32_t guards, std::uint32_t count)
        : first_(first), guards_(guards), count_(count) {}

    std::uint32_t first_ = 0;   // page number in the region
    std::uint32_t guards_ = 0;  // unmapped pages below
    std::uint32_t count_ = 0;
    bool beside_ = false;  // not counted in the budget
};

enum class Guard { none, below };

/// `Guard::below` leaves an address page below the first that faults: for stacks.
Result<ServerPages> map_pages(std::size_t count, Guard guard = Guard::none);

/// Also physically contiguous, for devices; 1..512 pages.
Result<ServerPages> map_contiguous(std::size_t count);

/// An uncached window on a device, mapped for good. The same place may be mapped several times.
Result<base::Mmio> map_device(base::PAddr start, std::size_t size);

}  // namespace sos::res

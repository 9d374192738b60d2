// SPDX-License-Identifier: BSD-2-Clause
// ServerSpace: the region of the server's address space behind server_pages.hpp. Which of its pages
// are in use, what is mapped there, and the page tables it needs.
//
// Internal to res; the functions take cu_lock themselves.
#pragma once

#include <array>
#include <cstdint>

#include "base/bits.hpp"
#include "error.hpp"
#include "res/server_pages.hpp"
#include "res/untyped.hpp"

namespace sos::res {

inline constexpr std::uintptr_t server_region_base = 0x2000'0000'0000;
inline constexpr std::uint32_t server_region_pages = 65536;  // 256 MiB

enum class PageKind { memory, device };

class ServerSpace {
  public:
    constexpr ServerSpace() = default;

    /// Maps the tables above the last level, for this region and for the frame window.
    Result<void> init();

    Result<ServerPages> map_pages(std::size_t count, Guard guard);
    Result<ServerPages> map_contiguous(std::size_t count);
    Result<base::Mmio> map_device(base::PAddr start, std::size_t size);

    /// `counted`: in the budget.
    void unmap(std::uint32_t first, std::uint32_t guards, std::uint32_t count, bool counted = true);
    bool give_up_large(std::uint32_t page);
    Result<void> back_again(std::uint32_t page);
    static void count_beside(std::uint32_t count);
    sel4::CPtr cap(std::uint32_t page) const { return sel4::CPtr{pages_[page].cptr}; }
    /// With what was given up for a while.
    std::uint64_t bytes() const { return (used_pages_ + given_up_) * std::uint64_t{page_size}; }

    static std::byte* address(std::uint32_t page) {
        return reinterpret_cast<std::byte*>(server_region_base + std::uintptr_t{page} * page_size);
    }

  private:
    static constexpr std::uint32_t pages_per_table = 512;

    // All zero when unused, so that the table costs nothing in the image.
    struct Page {
        std::uint32_t cptr = 0;         // of the frame that begins here
        std::uint32_t memory_plus = 0;  // UntypedId + 1; the first page has it for all of a group
    };

    Result<std::uint32_t> take_range(std::uint32_t count, std::uint32_t alignment);
    void give_range(std::uint32_t first, std::uint32_t count);
    void mark(std::uint32_t first, std::uint32_t count, bool used);
    Result<void> add_table(base::VAddr at);
    Result<void> ensure_table(std::uint32_t page);
    Result<void> back_group(std::uint32_t first, std::uint32_t count);
    Result<void> back_large(std::uint32_t page);
    Result<void> map(std::uint32_t page, PageKind kind);

    std::uint64_t used_pages_ = 0;  // backed by memory
    std::uint64_t given_up_ = 0;    // pages that have an owner and no memory
    std::uint32_t search_from_ = 0;
    std::array<std::uint64_t, server_region_pages / 64> used_{};
    std::array<std::uint64_t, server_region_pages / pages_per_table / 64> tables_{};
    std::array<Page, server_region_pages> pages_{};
};

}  // namespace sos::res

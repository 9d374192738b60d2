// SPDX-License-Identifier: BSD-2-Clause
#include "res/server_pages.hpp"

#include <algorithm>
#include <bit>

#include "abi/boot_info.hpp"
#include "abi/object_type.hpp"
#include "base/scope_exit.hpp"
#include "res/cspace.hpp"
#include "res/detail.hpp"
#include "res/frame_pool.hpp"
#include "res/server_space.hpp"
#include "sel4/cnode.hpp"
#include "sel4/vspace.hpp"
#include "sync/lock.hpp"

namespace sos::res {

namespace {

constinit ServerSpace space;  // GUARDED_BY(cu_lock)

constexpr sel4::CPtr server_vspace{abi::init_cap::vspace};
constexpr std::uint32_t large_pages = 512;  // small pages in a large one
constexpr unsigned large_bits = abi::large_page_bits;
constexpr std::uint32_t least_free_blocks = 8;  // of 2 MiB: for what cannot wait
constexpr std::uint32_t most_in_group = 16;     // small pages that share a piece of memory

/// Memory that the server has for itself.
Result<UntypedId> take_counted(unsigned size_bits) {
    if (!detail::budget.take(MemoryUse::pages, base::bit(size_bits))) {
        return std::unexpected(Error::no_memory);
    }
    const Result<UntypedId> memory = detail::take_memory(size_bits);
    if (!memory) detail::budget.give(MemoryUse::pages, base::bit(size_bits));
    return memory;
}

void give_counted(UntypedId memory) {
    detail::budget.give(MemoryUse::pages, base::bit(detail::memory_size_bits(memory)));
    detail::give_memory(memory);
}

base::VAddr virtual_address(std::uint32_t page) {
    return base::VAddr{reinterpret_cast<std::uintptr_t>(ServerSpace::address(page))};
}

}  // namespace

Result<void> ServerSpace::init() {
    LockGuard guard(cu_lock);
    // One level-1 table for the region and the window, which share 512 GiB; a level-2 table for
    // each of their three GiB.
    constexpr std::uint64_t gib = 1ull << 30;
    static_assert(server_region_base >> 39 == (frame_window_base + 2 * gib - 1) >> 39);
    TRY(add_table(base::VAddr{server_region_base}));
    TRY(add_table(base::VAddr{server_region_base}));
    TRY(add_table(base::VAddr{frame_window_base}));
    TRY(add_table(base::VAddr{frame_window_base + gib}));
    return {};
}

/// The kernel puts a table at the first level that is missing on the way to `at`.
Result<void> ServerSpace::add_table(base::VAddr at) {
    const UntypedId memory = TRY(detail::take_memory(abi::page_table_bits));
    base::ScopeExit give_memory([&] { detail::give_memory(memory); });
    const std::uint32_t slot = TRY(detail::take_slots(1));
    base::ScopeExit give_slot([&] {
        static_cast<void>(sel4::cnode_delete(path(CPtr{slot})));
        detail::give_slots(slot, 1);
    });
    TRY(detail::retype(detail::memory_cptr(memory), abi::ObjectType::page_table, 0, slot, 1));
    TRY(from_kernel(sel4::page_table_map(CPtr{slot}, server_vspace, at)));
    give_slot.dismiss();
    give_memory.dismiss();
    return {};
}

/// Tables stay: the region is small.
Result<void> ServerSpace::ensure_table(std::uint32_t page) {
    const std::uint32_t table = page / pages_per_table;
    if ((tables_[table / 64] & base::bit(table % 64)) != 0) return {};
    if (!detail::budget.take(MemoryUse::pages, page_size)) return std::unexpected(Error::no_memory);
    base::ScopeExit give([] { detail::budget.give(MemoryUse::pages, page_size); });
    TRY(add_table(virtual_address(page)));
    give.dismiss();
    tables_[table / 64] |= base::bit(table % 64);
    return {};
}

void ServerSpace::mark(std::uint32_t first, std::uint32_t count, bool used) {
    for (std::uint32_t page = first; page < first + count; ++page) {
        const std::uint64_t bit = base::bit(page % 64);
        ASSERT(((used_[page / 64] & bit) != 0) != used);
        used_[page / 64] ^= bit;
    }
}

/// First fit from where the last search ended, so that addresses are not used again at once.
Result<std::uint32_t> ServerSpace::take_range(std::uint32_t count, std::uint32_t alignment) {
    if (count == 0 || count > server_region_pages) return std::unexpected(Error::no_memory);
    for (const std::uint32_t origin : {search_from_, 0u}) {
        std::uint32_t run = 0;
        for (std::uint32_t page = origin; page < server_region_pages; ++page) {
            const bool used = (used_[page / 64] & base::bit(page % 64)) != 0;
            const bool may_start = run > 0 || page % alignment == 0;
            run = used || !may_start ? 0 : run + 1;
            if (run < count) continue;
            const std::uint32_t first = page + 1 - count;
            mark(first, count, true);
            search_from_ = page + 1;
            return first;
        }
    }
    return std::unexpected(Error::no_memory);
}

void ServerSpace::give_range(std::uint32_t first, std::uint32_t count) {
    mark(first, count, false);
}

Result<void> ServerSpace::map(std::uint32_t page, PageKind kind) {
    const std::uint64_t attributes =
        kind == PageKind::device
            ? abi::page_attributes::device
            : abi::page_attributes::normal | abi::page_attributes::execute_never;
    return from_kernel(sel4::page_map(cap(page), server_vspace, virtual_address(page),
                                      abi::rights::read_write, attributes));
}

/// `count` pages, a power of two: one piece of memory and one Retype for all of them.
Result<void> ServerSpace::back_group(std::uint32_t first, std::uint32_t count) {
    TRY(ensure_table(first));
    TRY(ensure_table(first + count - 1));
    const UntypedId memory =
        TRY(take_counted(abi::small_page_bits + static_cast<unsigned>(std::countr_zero(count))));
    // From here on unmap() gives everything back.
    pages_[first].memory_plus = memory.raw() + 1;
    used_pages_ += count;
    const std::uint32_t window = TRY(detail::take_slots(count));
    for (std::uint32_t i = 0; i < count; ++i) pages_[first + i].cptr = window + i;
    TRY(detail::retype(detail::memory_cptr(memory), abi::ObjectType::small_page, 0, window, count));
    for (std::uint32_t i = 0; i < count; ++i) TRY(map(first + i, PageKind::memory));
    return {};
}

Result<void> ServerSpace::back_large(std::uint32_t page) {
    const UntypedId memory = TRY(take_counted(large_bits));
    pages_[page].memory_plus = memory.raw() + 1;
    used_pages_ += large_pages;
    pages_[page].cptr = TRY(detail::take_slots(1));
    TRY(detail::retype(detail::memory_cptr(memory), abi::ObjectType::large_page, 0,
                       pages_[page].cptr, 1));
    return map(page, PageKind::memory);
}

Result<ServerPages> ServerSpace::map_pages(std::size_t count, Guard guard) {
    if (count == 0 || count >= server_region_pages) return std::unexpected(Error::no_memory);
    if (!detail::acquisition_allowed()) return std::unexpected(Error::no_memory);
    const auto pages = static_cast<std::uint32_t>(count);
    const std::uint32_t guards = guard == Guard::below ? 1 : 0;
    ServerPages result;
    {
        LockGuard lock(cu_lock);
        // Large requests start at a large page's border; where a small-page table is already in
        // the way of a large page, small pages do as well.
        const bool large = pages >= large_pages && guards == 0;
        const std::uint32_t first = TRY(take_range(pages + guards, large ? large_pages : 1));
        result = ServerPages(first + guards, guards, pages);
    }
    for (std::uint32_t done = 0; done < pages;) {
        LockGuard lock(cu_lock);  // anew for each group: others get their turn
        const std::uint32_t page = result.first_ + done;
        const std::uint32_t table = page / pages_per_table;
        const bool has_table = (tables_[table / 64] & base::bit(table % 64)) != 0;
        const bool large =
            page % large_pages == 0 && pages - done >= large_pages && !has_table && guards == 0;
        const std::uint32_t group =
            large ? large_pages : std::min(std::bit_floor(pages - done), most_in_group);
        const auto backed = large ? back_large(page) : back_group(page, group);
        if (!backed) return std::unexpected(backed.error());
        done += group;
    }
    return result;
}

Result<ServerPages> ServerSpace::map_contiguous(std::size_t count) {
    if (count == 0 || count > large_pages) return std::unexpected(Error::no_memory);
    if (!detail::acquisition_allowed()) return std::unexpected(Error::no_memory);
    const auto pages = static_cast<std::uint32_t>(count);
    const std::uint32_t slots = std::bit_ceil(pages);
    const auto size_bits = static_cast<unsigned>(12 + std::countr_zero(slots));
    ServerPages result;
    LockGuard lock(cu_lock);
    const std::uint32_t first = TRY(take_range(pages, 1));
    base::ScopeExit give([&] { give_range(first, pages); });
    TRY(ensure_table(first));
    TRY(ensure_table(first + pages - 1));
    const UntypedId memory = TRY(take_counted(size_bits));
    base::ScopeExit give_memory([&] { give_counted(memory); });
    const std::uint32_t window = TRY(detail::take_slots(slots));
    base::ScopeExit give_slots([&] {
        static_cast<void>(sel4::cnode_revoke(path(detail::memory_cptr(memory))));
        detail::give_slots(window, slots);
    });
    TRY(detail::retype(detail::memory_cptr(memory), abi::ObjectType::small_page, 0, window, pages));
    for (std::uint32_t i = 0; i < pages; ++i) {
        pages_[first + i].cptr = window + i;
        if (const auto mapped = map(first + i, PageKind::memory); !mapped) {
            for (std::uint32_t done = 0; done <= i; ++done) pages_[first + done] = {};
            return std::unexpected(mapped.error());
        }
    }
    detail::give_slots(window + pages, slots - pages);
    pages_[first].memory_plus = memory.raw() + 1;
    used_pages_ += slots;
    give_slots.dismiss();
    give_memory.dismiss();
    give.dismiss();
    result = ServerPages(first, 0, pages);
    return result;
}

Result<base::Mmio> ServerSpace::map_device(base::PAddr start, std::size_t size) {
    const std::uint64_t first_byte = base::align_down(start.raw(), page_size);
    if (size == 0 || size > server_region_pages * page_size) {
        return std::unexpected(Error::bad_argument);
    }
    const std::uint64_t end = base::align_up(start.raw() + size, page_size);
    const auto pages = static_cast<std::uint32_t>((end - first_byte) / page_size);
    LockGuard lock(cu_lock);
    const std::uint32_t first = TRY(take_range(pages, 1));
    std::uint32_t mapped = 0;
    base::ScopeExit undo([&] {
        for (std::uint32_t i = 0; i < pages; ++i) {
            Page& page = pages_[first + i];
            if (page.cptr == 0) continue;
            static_cast<void>(sel4::cnode_delete(path(CPtr{page.cptr})));
            detail::give_slots(page.cptr, 1);
            page = {};
        }
        give_range(first, pages);
    });
    for (; mapped < pages; ++mapped) {
        TRY(ensure_table(first + mapped));
        const sel4::CPtr frame =
            TRY(detail::take_device_page(base::PAddr{first_byte + mapped * page_size}));
        pages_[first + mapped].cptr = static_cast<std::uint32_t>(frame.raw());
        TRY(map(first + mapped, PageKind::device));
    }
    undo.dismiss();
    return base::Mmio(reinterpret_cast<std::uintptr_t>(address(first)) + start.raw() - first_byte);
}

bool ServerSpace::give_up_large(std::uint32_t page) {
    LockGuard lock(cu_lock);
    if (pages_[page].memory_plus == 0) return false;
    const UntypedId memory{pages_[page].memory_plus - 1};
    if (detail::memory_size_bits(memory) != large_bits) return false;
    MUST(sel4::cnode_delete(path(cap(page))));
    detail::give_slots(pages_[page].cptr, 1);
    give_counted(memory);
    pages_[page] = {};
    used_pages_ -= large_pages;
    given_up_ += large_pages;
    return true;
}

Result<void> ServerSpace::back_again(std::uint32_t page) {
    LockGuard lock(cu_lock);
    ASSERT(pages_[page].memory_plus == 0);
    // Others need memory more than those who can do without.
    if (detail::budget.room() < 2 * detail::budget.reserve() + base::bit(large_bits) ||
        detail::memory_counts_locked().free_blocks <= least_free_blocks) {
        return std::unexpected(Error::no_memory);
    }
    const Result<void> backed = back_large(page);
    if (!backed) {
        // As give_up_large left it.
        if (pages_[page].memory_plus != 0) {
            if (pages_[page].cptr != 0) {
                MUST(sel4::cnode_delete(path(cap(page))));
                detail::give_slots(pages_[page].cptr, 1);
            }
            give_counted(UntypedId{pages_[page].memory_plus - 1});
            used_pages_ -= large_pages;
            pages_[page] = {};
        }
        return backed;
    }
    given_up_ -= large_pages;
    return {};
}

void ServerSpace::count_beside(std::uint32_t count) {
    LockGuard lock(cu_lock);
    detail::budget.give(MemoryUse::pages, std::uint64_t{count} * page_size);
}

void ServerSpace::unmap(std::uint32_t first, std::uint32_t guards, std::uint32_t count,
                        bool counted) {
    LockGuard lock(cu_lock);
    // Capabilities before memory: the pages of a contiguous group share one untyped.
    for (std::uint32_t page = first; page < first + count; ++page) {
        if (pages_[page].cptr == 0) continue;
        MUST(sel4::cnode_delete(path(cap(page))));
        detail::give_slots(pages_[page].cptr, 1);
        pages_[page].cptr = 0;
    }
    for (std::uint32_t page = first; page < first + count; ++page) {
        if (pages_[page].memory_plus == 0) continue;
        const UntypedId memory{pages_[page].memory_plus - 1};
        used_pages_ -= std::uint64_t{1} << (detail::memory_size_bits(memory) - 12);
        counted ? give_counted(memory) : detail::give_memory(memory);
        pages_[page].memory_plus = 0;
    }
    give_range(first - guards, count + guards);
}

std::byte* ServerPages::data() const {
    return ServerSpace::address(first_);
}

sel4::CPtr ServerPages::frame(std::size_t page) const {
    ASSERT(page < count_);
    return space.cap(first_ + static_cast<std::uint32_t>(page));
}

bool ServerPages::give_up_large(std::size_t index) {
    ASSERT(index < count_ / large_pages);
    return space.give_up_large(first_ + static_cast<std::uint32_t>(index) * large_pages);
}

Result<void> ServerPages::back_again(std::size_t index) {
    ASSERT(index < count_ / large_pages);
    return space.back_again(first_ + static_cast<std::uint32_t>(index) * large_pages);
}

void ServerPages::count_beside() {
    ASSERT(!beside_);
    space.count_beside(count_);
    beside_ = true;
}

Result<base::PAddr> ServerPages::physical_address() const {
    return from_kernel(sel4::page_get_address(frame(0)));
}

void ServerPages::reset() {
    if (count_ == 0) return;
    space.unmap(first_, guards_, count_, !beside_);
    count_ = 0;
    beside_ = false;
}

Result<ServerPages> map_pages(std::size_t count, Guard guard) {
    return space.map_pages(count, guard);
}

Result<ServerPages> map_contiguous(std::size_t count) {
    return space.map_contiguous(count);
}

Result<base::Mmio> map_device(base::PAddr start, std::size_t size) {
    return space.map_device(start, size);
}

namespace detail {

Result<void> init_server_space() {
    return space.init();
}

std::uint64_t server_page_bytes() {
    LockGuard guard(cu_lock);
    return space.bytes();
}

}  // namespace detail

}  // namespace sos::res

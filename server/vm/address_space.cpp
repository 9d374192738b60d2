// SPDX-License-Identifier: BSD-2-Clause
#include "vm/address_space.hpp"

#include <algorithm>
#include <cstring>

#include "sel4/vspace.hpp"
#include "sync/lock.hpp"

namespace sos::vm {

namespace {

// How many pages are freed before ft_lock is let go for others.
constexpr unsigned pages_per_lock = 64;

constexpr VAddr user_end{abi::user_top + 1};

constexpr VAddr page_of(VAddr at) {
    return VAddr{base::align_down(at.raw(), page_size)};
}

constexpr bool page_aligned(VAddr at) {
    return base::aligned(at.raw(), page_size);
}

/// `length` in whole pages, or nothing (0) if it is 0 or too big for any program.
constexpr std::uint64_t whole_pages(std::uint64_t length) {
    return length > user_end.raw() ? 0 : base::align_up(length, page_size);
}

constexpr Rights read_write{.read = true, .write = true};

constexpr Region ipc_buffer_region{ipc_buffer_address, ipc_buffer_address + page_size,
                                   RegionKind::ipc_buffer, read_write};

/// Where linkers put programs (user/sdk.cmake).
constexpr VAddr usual_image_start{0x40'0000};

}  // namespace

void PinnedFrame::reset() {
    if (frame_ == no_frame) return;
    LockGuard guard(ft_lock);
    unpin_frame(std::exchange(frame_, no_frame));
}

Result<void> AddressSpace::init() {
    if (!page_table_.valid()) {
        if (const auto built = build(); !built) {
            destroy();
            return built;
        }
    }
    TRY(regions_.insert({stack_bottom, stack_top, RegionKind::stack, read_write}));
    return regions_.insert(ipc_buffer_region);
}

Result<void> AddressSpace::build() {
    LockGuard guard(ft_lock);
    TRY(page_table_.init());
    TRY(page_table_.keep(usual_image_start));
    const FrameRef frame =
        TRY(touch(ipc_buffer_address, ipc_buffer_region, Access::write, Remap::if_needed));
    // Never evicted: the kernel reads and writes it whenever the thread sends or receives.
    TRY(pin_frame(frame));
    ipc_buffer_ = frame;
    return {};
}

void AddressSpace::clear() {
    if (!page_table_.valid()) return;
    const bool buffer_in_use = [&] {
        LockGuard guard(ft_lock);
        return pins(ipc_buffer_) > 1;
    }();
    // A transfer that outlives its process may still write there: then nobody else may have it.
    if (buffer_in_use) {
        destroy();
        if (!build()) destroy();  // init() tries again
        return;
    }
    // Every page is in a region.
    for (std::size_t i = 0; i < regions_.size(); ++i) {
        const Region region = regions_.at(i);
        if (region.kind != RegionKind::ipc_buffer) free_pages(region.start, region.end);
    }
    std::memset(frame_data(ipc_buffer_), 0, page_size);
    forget_regions();
}

void AddressSpace::forget_regions() {
    regions_.clear();
    heap_start_ = heap_end_ = VAddr{};
}

void AddressSpace::destroy() {
    if (ipc_buffer_ != no_frame) {
        LockGuard guard(ft_lock);
        unpin_frame(std::exchange(ipc_buffer_, no_frame));
    }
    if (page_table_.valid()) {
        free_pages(VAddr{0}, user_end);
        LockGuard guard(ft_lock);
        page_table_.destroy();
    }
    forget_regions();
}

Result<void> AddressSpace::add_elf_region(VAddr start, VAddr end, Rights rights) {
    if (!page_aligned(start) || !page_aligned(end) || start >= end || start < lowest_address ||
        end > mmap_top) {
        return std::unexpected(Error::bad_address);
    }
    VAddr rest = start;
    if (const Region* before = regions_.find(start); before != nullptr) {
        if (before->kind != RegionKind::elf || before->end != start + page_size) {
            return std::unexpected(Error::bad_address);
        }
        const Rights both{.read = before->rights.read || rights.read,
                          .write = before->rights.write || rights.write,
                          .execute = before->rights.execute || rights.execute};
        rest = start + page_size;
        TRY(regions_.protect(start, rest, both));
    }
    if (rest == end) return {};
    if (regions_.overlaps(rest, end)) return std::unexpected(Error::bad_address);
    return regions_.insert({rest, end, RegionKind::elf, rights});
}

Result<void> AddressSpace::start_heap() {
    VAddr top{};
    for (std::size_t i = 0; i < regions_.size(); ++i) {
        if (regions_.at(i).kind == RegionKind::elf) top = regions_.at(i).end;
    }
    if (top == VAddr{}) return std::unexpected(Error::bad_argument);
    heap_start_ = heap_end_ = top;
    return {};
}

/// A zero page behind an empty entry. Requires ft_lock.
Result<FrameRef> AddressSpace::fill_empty(const PageTable::Place& place, const Region& region) {
    const auto taken = take_zeroed_frame();
    if (!taken) {
        page_table_.drop_if_empty(place);
        return taken;
    }
    make_evictable(*taken, place.back);
    Entry entry;
    entry.set<Entry::Frame>(taken->raw());
    entry.set<Entry::Valid>(1);
    entry.set<Entry::InitPte>(1);
    entry.set<Entry::ReadOnly>(region.rights.write ? 0 : 1);
    entry.set<Entry::NeverExecute>(region.rights.execute ? 0 : 1);
    page_table_.set(place, entry);
    ++resident_;
    return taken;
}

/// The page's frame, and the page mapped so that the access succeeds. Requires ft_lock.
Result<FrameRef> AddressSpace::touch(VAddr page, const Region& region, Access access, Remap remap) {
    const PageTable::Place place = TRY(page_table_.find_or_make(page));
    if (place.entry->empty()) TRY(fill_empty(place, region));
    const FrameRef frame = place.entry->frame();
    FrameEntry& state = frame_entry(frame);
    const bool mapped = state.get_link<FrameEntry::Used>() != 0;
    const bool written = state.get_link<FrameEntry::Dirty>() != 0;
    if (access == Access::write && !written) {
        mark_written(place);
    } else if (mapped && remap == Remap::if_needed) {
        return frame;
    }
    TRY(map_page(page, *place.entry));
    return frame;
}

/// The page differs from file and page file from now on. Requires ft_lock.
void AddressSpace::mark_written(const PageTable::Place& place) {
    frame_entry(place.entry->frame()).set_link<FrameEntry::Dirty>(1);
    place.entry->set<Entry::DataInElf>(0);
    place.entry->set<Entry::Cap>(0);
}

/// Maps a resident page as its entry allows; for writing only when it was marked as written, so
/// that a page which was only read is known to be clean. Requires ft_lock.
Result<void> AddressSpace::map_page(VAddr page, Entry entry) {
    const FrameRef frame = entry.frame();
    FrameEntry& state = frame_entry(frame);
    const sel4::CPtr cap = res::user_frame_cap(frame);
    const bool writable = !entry.read_only() && state.get_link<FrameEntry::Dirty>() != 0;
    const std::uint64_t attributes =
        abi::page_attributes::normal |
        (entry.never_execute() ? abi::page_attributes::execute_never : 0);
    TRY(from_kernel(sel4::page_map(cap, page_table_.vspace(), page,
                                   writable ? abi::rights::read_write : abi::rights::read,
                                   attributes)));
    const bool was_mapped = state.get_link<FrameEntry::Used>() != 0;
    state.set_owner<FrameEntry::UserPageCap>(cap.raw());
    state.set_link<FrameEntry::Used>(1);
    if (entry.never_execute() || was_mapped) return {};
    // What the server wrote through its own mapping is still in the data cache, and the instruction
    // cache may hold what was in this frame before.
    return from_kernel(sel4::page_unify_instruction(cap, 0, page_size));
}

Result<void> AddressSpace::handle_fault(VAddr at, Access access) {
    const Region* region = regions_.find(at);
    if (region == nullptr || !region->rights.allow(access)) {
        return std::unexpected(Error::bad_address);
    }
    LockGuard guard(ft_lock);
    TRY(touch(page_of(at), *region, access, Remap::always));
    return {};
}

Result<PinnedFrame> AddressSpace::pin(VAddr at, Access access) {
    const Region* region = regions_.find(at);
    if (region == nullptr || !region->rights.allow(access)) {
        return std::unexpected(Error::bad_address);
    }
    LockGuard guard(ft_lock);
    const FrameRef frame = TRY(touch(page_of(at), *region, access, Remap::if_needed));
    TRY(pin_frame(frame));
    // The caller is about to write code through the server's mapping: the next fetch faults, and
    // then the instruction cache is made to see it.
    if (access == Access::write && region->rights.execute) unmap_user(frame);
    return PinnedFrame(frame);
}

Result<PinnedFrame> AddressSpace::pin_for_loading(VAddr at) {
    const Region* region = regions_.find(at);
    if (region == nullptr) return std::unexpected(Error::bad_address);
    LockGuard guard(ft_lock);
    const PageTable::Place place = TRY(page_table_.find_or_make(page_of(at)));
    if (place.entry->empty()) TRY(fill_empty(place, *region));
    mark_written(place);
    TRY(pin_frame(place.entry->frame()));
    return PinnedFrame(place.entry->frame());
}

void AddressSpace::note_elf_copy(VAddr page, std::uint64_t offset) {
    LockGuard guard(ft_lock);
    const PageTable::Place place = page_table_.find(page);
    if (place.entry == nullptr || !place.entry->resident() || offset > Entry::Cap::max) return;
    unmap_user(place.entry->frame());  // so that the next write is seen
    frame_entry(place.entry->frame()).set_link<FrameEntry::Dirty>(0);
    place.entry->set<Entry::DataInElf>(1);
    place.entry->set<Entry::Cap>(offset);
}

/// The first page at or above `at` with something behind it; `at` becomes its address, or `end`
/// when there is none. Requires ft_lock.
PageTable::Place AddressSpace::next_page(VAddr& at, VAddr end) const {
    const PageTable::Place here = page_table_.find(at);
    if (here.entry != nullptr && !here.entry->empty()) return here;
    at = page_table_.next_filled(at, end);
    return at < end ? page_table_.find(at) : PageTable::Place{};
}

/// Frees what backs [start, end).
void AddressSpace::free_pages(VAddr start, VAddr end) {
    VAddr at = start;
    while (at < end) {
        LockGuard guard(ft_lock);
        for (unsigned i = 0; i < pages_per_lock && at < end; ++i) {
            const PageTable::Place place = next_page(at, end);
            if (place.entry == nullptr) break;
            give_frame(place.entry->frame());
            --resident_;
            page_table_.set(place, Entry{});
            at = at + page_size;
        }
    }
}

/// Lets the pages of [start, end) have new rights: they are mapped anew at the next touch.
void AddressSpace::apply_rights(VAddr start, VAddr end, Rights rights) {
    VAddr at = start;
    while (at < end) {
        LockGuard guard(ft_lock);
        for (unsigned i = 0; i < pages_per_lock && at < end; ++i) {
            const PageTable::Place place = next_page(at, end);
            if (place.entry == nullptr) break;
            unmap_user(place.entry->frame());
            place.entry->set<Entry::ReadOnly>(rights.write ? 0 : 1);
            place.entry->set<Entry::NeverExecute>(rights.execute ? 0 : 1);
            at = at + page_size;
        }
    }
}

/// More than the machine has can be refused at once.
bool AddressSpace::beyond_memory(std::uint64_t length) const {
    return length / page_size > frame_table_size();
}

VAddr AddressSpace::brk(VAddr end) {
    if (end < heap_start_ || end > mmap_top || heap_start_ == VAddr{} ||
        beyond_memory(end - heap_start_)) {
        return heap_end_;
    }
    const VAddr old_top{base::align_up(heap_end_.raw(), page_size)};
    const VAddr new_top{base::align_up(end.raw(), page_size)};
    if (new_top > old_top) {
        if (regions_.overlaps(old_top, new_top) ||
            !regions_.insert({old_top, new_top, RegionKind::heap, read_write})) {
            return heap_end_;
        }
    } else if (new_top < old_top) {
        if (!regions_.remove(new_top, old_top)) return heap_end_;
        free_pages(new_top, old_top);
    }
    heap_end_ = end;
    return heap_end_;
}

Result<VAddr> AddressSpace::place_mapping(VAddr hint, std::uint64_t size, Placement placement) {
    const bool fits =
        page_aligned(hint) && hint >= lowest_address && hint <= mmap_top && mmap_top - hint >= size;
    const bool is_free = fits && !regions_.overlaps(hint, hint + size);
    switch (placement) {
        case Placement::anywhere: {
            if (is_free) return hint;
            const VAddr bottom{base::align_up(heap_end_.raw(), page_size)};
            return regions_.find_gap(size, std::max(bottom, lowest_address), mmap_top);
        }
        case Placement::fixed_no_replace:
            if (!fits) return std::unexpected(Error::bad_argument);
            if (!is_free) return std::unexpected(Error::exists);
            return hint;
        case Placement::fixed:
            if (!fits) return std::unexpected(Error::bad_argument);
            if (!is_free) TRY(unmap(hint, size));
            return hint;
    }
    return std::unexpected(Error::bad_argument);
}

Result<VAddr> AddressSpace::map(VAddr hint, std::uint64_t length, Rights rights,
                                Placement placement) {
    const std::uint64_t size = whole_pages(length);
    if (length == 0) return std::unexpected(Error::bad_argument);
    if (size == 0 || beyond_memory(size)) return std::unexpected(Error::no_memory);
    const VAddr start = TRY(place_mapping(hint, size, placement));
    TRY(regions_.insert({start, start + size, RegionKind::mapping, rights}));
    return start;
}

/// What programs may unmap and protect: everything but stack and IPC buffer.
Result<VAddr> AddressSpace::end_of_range(VAddr start, std::uint64_t length) const {
    const std::uint64_t size = whole_pages(length);
    if (!page_aligned(start) || size == 0 || start > mmap_top || mmap_top - start < size) {
        return std::unexpected(Error::bad_argument);
    }
    return start + size;
}

Result<void> AddressSpace::unmap(VAddr start, std::uint64_t length) {
    const VAddr end = TRY(end_of_range(start, length));
    TRY(regions_.remove(start, end));
    free_pages(start, end);
    return {};
}

Result<void> AddressSpace::protect(VAddr start, std::uint64_t length, Rights rights) {
    if (length == 0 && page_aligned(start)) return {};
    const VAddr end = TRY(end_of_range(start, length));
    TRY(regions_.protect(start, end, rights));
    apply_rights(start, end, rights);
    return {};
}

MemoryUse AddressSpace::use() const {
    LockGuard guard(ft_lock);
    return {.resident_pages = resident_,
            .paged_out_pages = 0,
            .page_table_pages = page_table_.valid() ? page_table_.node_count() + 1 : 0};
}

}  // namespace sos::vm

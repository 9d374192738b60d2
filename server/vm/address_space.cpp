// SPDX-License-Identifier: BSD-2-Clause
#include "vm/address_space.hpp"

#include <algorithm>
#include <cstring>

#include "sel4/vspace.hpp"
#include "sync/lock.hpp"
#include "vm/page_file.hpp"
#include "vm/shared_page.hpp"

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
    id_ = TRY(open_account());
    TRY(page_table_.init(id_));
    TRY(page_table_.keep(usual_image_start));
    return make_ipc_buffer();
}

/// Never evicted, since the kernel reads and writes it whenever the thread sends or receives: a
/// frame that counts like a page table's. Requires ft_lock.
Result<void> AddressSpace::make_ipc_buffer() {
    const PageTable::Place place = TRY(page_table_.find_or_make(ipc_buffer_address));
    const Result<FrameRef> frame = take_zeroed_frame();
    if (!frame) {
        page_table_.drop_if_empty(place);
        return std::unexpected(frame.error());
    }
    Entry entry;
    entry.set<Entry::Frame>(frame->raw());
    entry.set<Entry::Valid>(1);
    entry.set<Entry::InitPte>(1);
    entry.set<Entry::NeverExecute>(1);
    page_table_.set(place, entry);
    frame_entry(*frame).set_link<FrameEntry::Dirty>(1);
    ++account_of(id_).resident;
    ipc_buffer_ = *frame;
    return map_page(ipc_buffer_address, entry, *frame);
}

void AddressSpace::clear() {
    if (!page_table_.valid()) return;
    const bool buffer_in_use = [&] {
        LockGuard guard(ft_lock);
        return pins(ipc_buffer_) > 0;
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
    forget_paging();
    forget_regions();
}

/// The process is gone: others may have its turn, and what it kept others from.
void AddressSpace::forget_paging() {
    {
        LockGuard guard(ft_lock);
        give_up_turn(id_);
        if (std::exchange(condemned_, false)) remove_condemned();
    }
    executable_ = {};
    doom_.reset();
    after_last_read_ = VAddr{};
    pages_ahead_ = 1;
}

void AddressSpace::forget_regions() {
    regions_.clear();
    heap_start_ = heap_end_ = VAddr{};
}

void AddressSpace::destroy() {
    ipc_buffer_ = no_frame;
    if (page_table_.valid()) {
        free_pages(VAddr{0}, user_end);
        LockGuard guard(ft_lock);
        page_table_.destroy();
    }
    if (id_ != no_space) {
        forget_paging();
        LockGuard guard(ft_lock);
        close_account(std::exchange(id_, no_space));
        wake_for_room();
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

/// The first page at or above `at` with something behind it; `at` becomes its address, or `end`
/// when there is none. Requires ft_lock.
PageTable::Place AddressSpace::next_page(VAddr& at, VAddr end) const {
    const PageTable::Place here = page_table_.find(at);
    if (here.entry != nullptr && !here.entry->empty()) return here;
    at = page_table_.next_filled(at, end);
    return at < end ? page_table_.find(at) : PageTable::Place{};
}

/// After each piece of a long work: lets the thread look whether it is somebody else's turn.
void AddressSpace::pause() const {
    if (thread_ != nullptr) thread_->pause();
}

/// Frees what backs [start, end).
void AddressSpace::free_pages(VAddr start, VAddr end) {
    for (VAddr at = start; at < end; pause()) {
        LockGuard guard(ft_lock);
        for (unsigned i = 0; i < pages_per_lock && at < end; ++i) {
            const PageTable::Place place = next_page(at, end);
            if (place.entry == nullptr) break;
            free_page(place);
            at = at + page_size;
        }
        wake_for_room();
    }
}

/// Whatever state the page is in. Requires ft_lock.
void AddressSpace::free_page(const PageTable::Place& place) {
    if (place.entry->shared()) {
        leave(share_of(*place.entry));
    } else {
        free_backing(*place.entry, id_);
    }
    page_table_.set(place, Entry{});
}

/// Lets the pages of [start, end) have new rights: they are mapped anew at the next touch.
void AddressSpace::apply_rights(VAddr start, VAddr end, Rights rights) {
    for (VAddr at = start; at < end; pause()) {
        LockGuard guard(ft_lock);
        for (unsigned i = 0; i < pages_per_lock && at < end; ++i) {
            const PageTable::Place place = next_page(at, end);
            if (place.entry == nullptr) break;
            if (place.entry->shared()) {
                unmap_share(share_of(*place.entry));
            } else if (place.entry->frame() != no_frame) {
                unmap_user(place.entry->frame());
            }
            place.entry->set<Entry::ReadOnly>(rights.write ? 0 : 1);
            place.entry->set<Entry::NeverExecute>(rights.execute ? 0 : 1);
            at = at + page_size;
        }
    }
}

/// What memory and page file together cannot back now is refused at once.
bool AddressSpace::beyond_memory(std::uint64_t length) const {
    LockGuard guard(ft_lock);
    return length / page_size > std::uint64_t{page_frames_available()} + slots_free();
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
    if (id_ == no_space) return {};
    const SpaceAccount& account = account_of(id_);
    return {.resident_pages = account.resident,
            .paged_out_pages = account.in_page_file,
            .page_table_pages = page_table_.valid() ? page_table_.node_count() + 1 : 0};
}

}  // namespace sos::vm

// SPDX-License-Identifier: BSD-2-Clause
// How a page becomes resident when it is touched: AddressSpace's part of demand paging (seed 5.4).
//
// Each attempt looks at the page under ft_lock and either has it, or starts what is necessary and
// says for what to wait. After a wait everything is looked at again: others may have been faster,
// the page may have gone again, the process may be dying.
#include <algorithm>

#include "fs/work.hpp"
#include "sel4/vspace.hpp"
#include "sync/lock.hpp"
#include "vm/address_space.hpp"
#include "vm/clock.hpp"
#include "vm/page_file.hpp"
#include "vm/shared_page.hpp"

namespace sos::vm {

namespace {

// How many frames the clock visits before ft_lock is let go for others.
constexpr std::uint32_t frames_per_sweep = 256;

constexpr VAddr page_of(VAddr at) {
    return VAddr{base::align_down(at.raw(), page_size)};
}

/// The page differs from file and page file from now on.
void mark_written(Entry& entry) {
    frame_entry(entry.frame()).set_link<FrameEntry::Dirty>(1);
    if (entry.has_slot()) give_slot(static_cast<std::uint32_t>(entry.cap()));
    entry.set<Entry::DataInElf>(0);
    entry.set<Entry::Cap>(0);
}

}  // namespace

/// What a page of this region is before it is touched.
Entry AddressSpace::untouched(const Region& region) {
    Entry entry;
    entry.set<Entry::InitPte>(1);
    entry.set<Entry::ReadOnly>(region.rights.write ? 0 : 1);
    entry.set<Entry::NeverExecute>(region.rights.execute ? 0 : 1);
    return entry;
}

/// The page with a frame, usable as wanted (and pinned, unless it is for running).
Result<FrameRef> AddressSpace::have(const Want& want) {
    fruitless_ = 0;
    Waiter waiter{.thread = thread_, .space = id_};
    for (;;) {
        Result<FrameRef> frame = no_frame;
        bool beat = false;
        Attempt result;
        {
            LockGuard guard(ft_lock);
            const Result<Attempt> tried = attempt(want, waiter, frame);
            // What was started for this page so far goes on without it.
            if (!tried) frame = std::unexpected(tried.error());
            result = tried ? *tried : Attempt::there;
            if (result == Attempt::wait) {
                ++paging_count().waits;
                add_waiter(waiter);
            }
            beat = beat_wanted();
        }
        kick();
        if (beat) request_beat();
        if (result == Attempt::there) return frame;
        if (result == Attempt::wait && !sleep(waiter)) return std::unexpected(Error::cancelled);
    }
}

/// False when the process is being killed.
bool AddressSpace::sleep(Waiter& waiter) {
    {
        const fs::ShareOfWork counted;
        thread_->sleep();
    }
    LockGuard guard(ft_lock);
    remove_waiter(waiter);
    return !thread_->ended();
}

bool AddressSpace::can_wait(const Want& want) const {
    return want.may_wait && thread_ != nullptr;
}

/// One look at the page. Requires ft_lock, as all that follow.
Result<AddressSpace::Attempt> AddressSpace::attempt(const Want& want, Waiter& waiter,
                                                    Result<FrameRef>& frame) {
    const PageTable::Place leaf = TRY(page_table_.find_or_make(want.page));
    PageTable::Place place = leaf;
    if (leaf.entry->shared()) {
        const ShareId share = share_of(*leaf.entry);
        if (want.access == Access::write && !may_write(share)) {
            return std::unexpected(Error::bad_address);
        }
        place = shared_place(page_of_share(share));
    }
    Result<Attempt> result = bring(place, want, waiter);
    if (result == Attempt::there && want.purpose != Purpose::run &&
        !can_pin(place.entry->frame())) {
        waiter.what = WaitFor::room;
        result = Attempt::wait;
    }
    if (!result || *result != Attempt::there) {
        page_table_.drop_if_empty(leaf);
        if (result && (*result == Attempt::try_again || can_wait(want))) return result;
        pause_turn(id_);
        if (!result) return result;
        return std::unexpected(thread_ == nullptr ? Error::no_memory : Error::would_block);
    }
    frame = use(leaf, place, want);
    return Attempt::there;
}

Result<AddressSpace::Attempt> AddressSpace::bring(const PageTable::Place& place, const Want& want,
                                                  Waiter& waiter) {
    const Entry entry = *place.entry;
    if (entry.resident()) return Attempt::there;
    if (entry.going_out()) {
        rescue(place);
        return Attempt::there;
    }
    if (waiter.failure && *waiter.failure != Error::page_file_failed) {
        doom_ = *waiter.failure;
        return std::unexpected(*doom_);
    }
    if (entry.frame() != no_frame) {
        waiter.what = WaitFor::page;
        waiter.frame = entry.frame();
        return Attempt::wait;
    }
    if (!begin_turn(id_)) {
        waiter.what = WaitFor::turn;
        return Attempt::wait;
    }
    waiter.what = WaitFor::room;
    return fill(place, want, waiter);
}

/// Finds out what belongs into the page, and gets it a frame.
Result<AddressSpace::Attempt> AddressSpace::fill(const PageTable::Place& place, const Want& want,
                                                 Waiter& waiter) {
    if (const std::uint32_t wanted = pages_to_evict(); wanted > 0) {
        fruitless_ += sweep(wanted, frames_per_sweep).visited;
    }
    std::optional<FileRange> range;
    if (want.region.kind == RegionKind::elf && !place.back.shared &&
        (place.entry->empty() || place.entry->data_in_elf())) {
        range = executable_.range_of(want.page);
    }
    const bool zero = !range && !place.entry->in_page_file();
    if (zero) {
        if (fill_with_zeros(place, want.region)) return Attempt::there;
        return make_room(waiter);
    }
    if (!can_start_transfer()) return Attempt::wait;
    const bool started =
        range ? read_from_executable(place, want, *range) : read_from_page_file(place, want.page);
    if (!started) return make_room(waiter);
    waiter.failure.reset();
    waiter.what = WaitFor::page;
    waiter.frame = place.entry->frame();
    return Attempt::wait;
}

/// There is no frame. Takes one from somebody, or finds out what to wait for.
Result<AddressSpace::Attempt> AddressSpace::make_room(Waiter& waiter) {
    if (waiter.failure) return std::unexpected(condemn(*waiter.failure));
    const Sweep result = sweep(1, frames_per_sweep);
    if (result.freed > 0) return Attempt::try_again;
    if (frames_going_out() > 0) return Attempt::wait;
    fruitless_ += result.visited;
    // A first lap gives second chances, the second one takes what is left.
    if (result.visited > 0 && fruitless_ <= 2 * evictable_frames() + frames_per_sweep) {
        return Attempt::try_again;
    }
    fruitless_ = 0;
    // Somebody is about to give memory back, or pages are only held by transfers and turns.
    if (any_condemned() || !result.no_slots) return Attempt::wait;
    return std::unexpected(condemn(Error::page_file_full));
}

/// The process has to end, since it cannot have the memory it needs.
Error AddressSpace::condemn(Error reason) {
    doom_ = reason;
    if (!condemned_) {
        condemned_ = true;
        add_condemned();
    }
    return reason;
}

/// False when there is no frame.
bool AddressSpace::fill_with_zeros(const PageTable::Place& place, const Region& region) {
    const Result<FrameRef> frame = take_zeroed_page_frame();
    if (!frame) return false;
    make_evictable(*frame, place.back);
    Entry entry = place.entry->empty() ? untouched(region) : *place.entry;
    entry.set<Entry::Frame>(frame->raw());
    entry.set<Entry::Valid>(1);
    set_entry(place, entry);
    ++account_of(space_of(place.back)).resident;
    ++paging_count().zero_fills;
    return true;
}

/// Starts to read the page, and such that follow it in memory as well as in the page file.
bool AddressSpace::read_from_page_file(const PageTable::Place& place, VAddr page) {
    pages_ahead_ = page == after_last_read_
                       ? std::min<std::uint32_t>(2 * pages_ahead_, fs::max_page_run)
                       : std::max(pages_ahead_ / 2, 1u);
    const std::uint64_t slot = place.entry->cap();
    std::array<PagePlace, fs::max_page_run> run;
    std::size_t count = 0;
    for (unsigned index = place.back.index; index < table_entries && count < pages_ahead_;
         ++index) {
        const BackIndex back{place.back.node, index, place.back.shared};
        Entry* const entry = &entry_at(back);
        if (!entry->in_page_file() || entry->cap() != slot + count) break;
        if (count > 0 && !frames_plentiful()) break;
        const Result<FrameRef> frame = take_page_frame();
        if (!frame) break;
        make_evictable(*frame, back);
        run[count++] = {{entry, back}, *frame};
    }
    if (count == 0) return false;
    after_last_read_ = page + count * page_size;
    start_page_in(std::span(run).first(count));
    return true;
}

/// Starts to read the page of the executable, and such that follow it.
bool AddressSpace::read_from_executable(const PageTable::Place& place, const Want& want,
                                        const FileRange& range) {
    std::array<PagePlace, fs::max_page_run> run;
    std::size_t count = 0;
    FileRange whole = range;
    whole.size = 0;
    for (VAddr page = want.page; count < run.size() && want.region.contains(page);
         page = page + page_size, ++count) {
        const unsigned index = place.back.index + static_cast<unsigned>(count);
        if (index == table_entries || (count > 0 && !frames_plentiful())) break;
        const std::optional<FileRange> here = executable_.range_of(page);
        if (!here || here->offset != whole.offset + whole.size) break;
        const PageTable::Place next{&entries_of(place.back.node)[index], {place.back.node, index}};
        const bool in_file = next.entry->data_in_elf() && next.entry->frame() == no_frame;
        if (!next.entry->empty() && !in_file) break;
        const bool whole_page = here->size == page_size;
        const Result<FrameRef> frame = whole_page ? take_page_frame() : take_zeroed_page_frame();
        if (!frame) break;
        make_evictable(*frame, next.back);
        Entry entry = next.entry->empty() ? untouched(want.region) : *next.entry;
        entry.set<Entry::DataInElf>(1);
        entry.set<Entry::Cap>(here->offset);
        page_table_.set(next, entry);
        run[count] = {next, *frame};
        whole.size += here->size;
    }
    if (count == 0) return false;
    start_file_read(std::span(run).first(count), executable_.file(), whole);
    return true;
}

/// A page table counts which of its entries are filled; that of shared pages does not.
void AddressSpace::set_entry(const PageTable::Place& place, Entry entry) {
    if (place.back.shared) {
        *place.entry = entry;
    } else {
        page_table_.set(place, entry);
    }
}

/// Is the page with this leaf, which is resident in `frame`, mapped for this process?
static bool is_mapped(Entry leaf, FrameRef frame) {
    return leaf.shared() ? share_cap(share_of(leaf)) != sel4::null_cap
                         : frame_entry(frame).get_link<FrameEntry::Used>() != 0;
}

/// A resident page is made ready for what it is wanted for. `place` is the leaf, or where the page
/// is if that is shared.
Result<FrameRef> AddressSpace::use(const PageTable::Place& leaf, const PageTable::Place& place,
                                   const Want& want) {
    const FrameRef frame = place.entry->frame();
    FrameEntry& state = frame_entry(frame);
    const bool mapped = is_mapped(*leaf.entry, frame);
    const bool written = state.get_link<FrameEntry::Dirty>() != 0;
    const bool writes = want.access == Access::write;
    if (writes && !written) mark_written(*place.entry);
    // The IPC buffer is no victim anyway, and has no way back to its entry.
    if (state.get_link<FrameEntry::Fixed>() == 0) page_came(id_, frame);
    if (want.purpose == Purpose::run) {
        if (!mapped) ++paging_count().soft_faults;
        TRY(map_page(want.page, *leaf.entry, frame));
        return frame;
    }
    TRY(pin_frame(frame));
    if (writes && !leaf.entry->never_execute()) {
        // The caller is about to write code through the server's mapping: the next fetch faults,
        // and then the instruction cache is made to see it.
        unmap_user(frame);
    } else if (want.purpose == Purpose::access && (!mapped || (writes && !written))) {
        // The program is likely to look at it next.
        const Result<void> done = map_page(want.page, *leaf.entry, frame);
        if (!done) unpin_frame(frame);
        TRY(done);
    }
    return frame;
}

/// Maps a resident page as its entry allows; for writing only when it was marked as written, so
/// that a page which was only read is known to be clean.
Result<void> AddressSpace::map_page(VAddr page, Entry leaf, FrameRef frame) {
    FrameEntry& state = frame_entry(frame);
    const bool was_mapped = is_mapped(leaf, frame);
    const sel4::CPtr cap =
        leaf.shared() ? TRY(make_share_cap(share_of(leaf), frame)) : res::user_frame_cap(frame);
    const bool writable = !leaf.read_only() && state.get_link<FrameEntry::Dirty>() != 0 &&
                          (!leaf.shared() || may_write(share_of(leaf)));
    const std::uint64_t attributes =
        abi::page_attributes::normal |
        (leaf.never_execute() ? abi::page_attributes::execute_never : 0);
    const Result<void> mapped = from_kernel(
        sel4::page_map(cap, page_table_.vspace(), page,
                       writable ? abi::rights::read_write : abi::rights::read, attributes));
    if (!mapped) {
        if (leaf.shared()) unmap_share(share_of(leaf));
        return mapped;
    }
    if (!leaf.shared()) state.set_owner<FrameEntry::UserPageCap>(cap.raw());
    state.set_link<FrameEntry::Used>(1);
    if (leaf.never_execute() || was_mapped) return {};
    // What the server wrote through its own mapping is still in the data cache, and the instruction
    // cache may hold what was in this frame before.
    return from_kernel(sel4::page_unify_instruction(cap, 0, page_size));
}

Result<void> AddressSpace::handle_fault(VAddr at, Access access) {
    const Region* region = regions_.find(at);
    if (region == nullptr || !region->rights.allow(access)) {
        return std::unexpected(Error::bad_address);
    }
    TRY(have({.page = page_of(at), .region = *region, .access = access}));
    return {};
}

}  // namespace sos::vm

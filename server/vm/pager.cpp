// SPDX-License-Identifier: BSD-2-Clause
#include "vm/pager.hpp"

#include <algorithm>
#include <array>
#include <atomic>

#include "sync/lock.hpp"
#include "vm/page_file.hpp"
#include "vm/shared_page.hpp"
#include "vm/space_account.hpp"
#include "vm/turns.hpp"

namespace sos::vm {

namespace {

constexpr std::size_t max_transfers = fs::max_page_ios - 1;

/// A PageIo, and which frames it is about.
struct Transfer : fs::PageIo {
    bool in_use = false;
    std::array<FrameRef, fs::max_page_run> frames{};
};

// GUARDED_BY(ft_lock), except `submitted`.
struct Pager {
    std::array<Transfer, max_transfers> transfers{};
    fs::PageIo bitmap{};  // a record of its own: no page waits for it, nor it for one
    std::atomic<std::uint32_t> in_use = 0;
    std::uint32_t going_out = 0;
    std::optional<Error> failure{};
    std::atomic<bool> submitted = false;  // since the last kick
    abi::PagingCount count{};
};
constinit Pager pager{};

Entry& entry_of(FrameRef frame) {
    return entry_at(back_index(frame));
}

Transfer& take_transfer(fs::PageIoKind kind, void (*done)(fs::PageIo&)) {
    Transfer* const free = std::ranges::find(pager.transfers, false, &Transfer::in_use);
    ASSERT(free != pager.transfers.end());
    *free = {};
    free->kind = kind;
    free->done = done;
    free->in_use = true;
    ++pager.in_use;
    return *free;
}

void add_page(Transfer& transfer, FrameRef frame) {
    // Nobody but the pager pins a page that is to be moved, so there is room for one more.
    MUST(pin_frame(frame));
    frame_entry(frame).set_link<FrameEntry::Moving>(1);
    transfer.frames[transfer.count] = frame;
    transfer.pages[transfer.count] = frame_data(frame);
    ++transfer.count;
}

void submit(fs::PageIo& io) {
    fs::submit_page_io(io);
    pager.submitted.store(true, std::memory_order_relaxed);
}

void end_transfer(Transfer& transfer) {
    transfer.in_use = false;
    --pager.in_use;
    wake_for_room();
}

/// Lets go of a frame. False when its page is gone meanwhile: then the frame is, too.
bool let_go(FrameRef frame) {
    FrameEntry& state = frame_entry(frame);
    state.set_link<FrameEntry::Moving>(0);
    const bool page_left = state.get_link<FrameEntry::Orphan>() == 0;
    unpin_frame(frame);
    return page_left;
}

/// A page did not come: it is still where it was.
void give_up_page(FrameRef frame) {
    Entry& entry = entry_of(frame);
    SpaceAccount& account = account_of(space_of(back_index(frame)));
    --account.resident;
    if (!entry.data_in_elf()) ++account.in_page_file;
    entry.set<Entry::Frame>(0);
    give_frame(frame);
}

void page_in_done(fs::PageIo& io) {
    auto& transfer = static_cast<Transfer&>(io);
    const bool from_file = io.kind == fs::PageIoKind::read_file;
    LockGuard guard(ft_lock);
    for (std::size_t i = 0; i < transfer.count; ++i) {
        const FrameRef frame = transfer.frames[i];
        if (!let_go(frame)) continue;
        std::optional<Error> failure;
        if (io.failed) {
            failure = io.error;
        } else if (!from_file &&
                   !checksum_agrees(static_cast<std::uint32_t>(io.slot + i), io.checksums[i])) {
            failure = Error::page_lost;
        }
        if (failure) {
            give_up_page(frame);
        } else {
            entry_of(frame).set<Entry::Valid>(1);
            ++(from_file ? pager.count.elf_reads : pager.count.page_ins);
        }
        wake_for_page(frame, failure);
    }
    end_transfer(transfer);
}

/// A page is in its slot, unless it was wanted again and written to meanwhile.
void page_written(FrameRef frame, std::uint32_t slot, std::uint32_t checksum) {
    Entry& entry = entry_of(frame);
    if (frame_entry(frame).get_link<FrameEntry::Dirty>() != 0) {
        give_slot(slot);
        return;
    }
    ++pager.count.page_outs;
    set_checksum(slot, checksum);
    entry.set<Entry::Cap>(slot);
    if (entry.valid()) return;
    SpaceAccount& account = account_of(space_of(back_index(frame)));
    --account.resident;
    ++account.in_page_file;
    entry.set<Entry::Frame>(0);
    give_frame(frame);
}

void page_not_written(FrameRef frame, std::uint32_t slot) {
    give_slot(slot);
    frame_entry(frame).set_link<FrameEntry::Dirty>(1);
    entry_of(frame).set<Entry::Valid>(1);
}

void page_out_done(fs::PageIo& io) {
    auto& transfer = static_cast<Transfer&>(io);
    LockGuard guard(ft_lock);
    for (std::size_t i = 0; i < transfer.count; ++i) {
        const FrameRef frame = transfer.frames[i];
        const auto slot = static_cast<std::uint32_t>(io.slot + i);
        --pager.going_out;
        if (!let_go(frame)) {
            give_slot(slot);
        } else if (io.failed) {
            page_not_written(frame, slot);
        } else {
            page_written(frame, slot, io.checksums[i]);
        }
    }
    pager.failure = io.failed ? std::optional(io.error) : std::nullopt;
    if (io.failed) fail_for_room(Error::page_file_failed);
    end_transfer(transfer);
}

void bitmap_done(fs::PageIo& io) {
    LockGuard guard(ft_lock);
    end_bitmap_io(io);
    if (io.failed && io.kind == fs::PageIoKind::write_slots) {
        fail_for_room(Error::page_file_failed);
    }
    wake_for_room();
}

/// No slot was found: there is none, or a bitmap has to be fetched.
void fetch_bitmap() {
    if (!begin_bitmap_io(pager.bitmap)) return;
    pager.bitmap.done = bitmap_done;
    submit(pager.bitmap);
}

/// The page's frame is being filled.
void set_in_transit(const PagePlace& page) {
    page.place.entry->set<Entry::Frame>(page.frame.raw());
    ASSERT(!page.place.entry->valid());
}

}  // namespace

bool can_start_transfer() {
    return pager.in_use < max_transfers;
}

void start_page_in(std::span<const PagePlace> pages) {
    Transfer& transfer = take_transfer(fs::PageIoKind::read_slots, page_in_done);
    transfer.slot = pages.front().place.entry->cap();
    SpaceAccount& account = account_of(space_of(pages.front().place.back));
    for (const PagePlace& page : pages) {
        add_page(transfer, page.frame);
        set_in_transit(page);
        --account.in_page_file;
        ++account.resident;
    }
    submit(transfer);
}

void start_file_read(std::span<const PagePlace> pages, const ExecutableFile& file,
                     const FileRange& range) {
    Transfer& transfer = take_transfer(fs::PageIoKind::read_file, page_in_done);
    transfer.file = file.handle;
    transfer.version = file.version;
    transfer.offset = range.offset;
    transfer.inside = range.inside;
    transfer.bytes = range.size;
    account_of(space_of(pages.front().place.back)).resident +=
        static_cast<std::uint32_t>(pages.size());
    for (const PagePlace& page : pages) {
        add_page(transfer, page.frame);
        set_in_transit(page);
    }
    submit(transfer);
}

std::size_t start_page_out(std::span<const PagePlace> pages) {
    const SlotRun slots = take_slots(static_cast<std::uint32_t>(pages.size()));
    if (slots.count == 0) {
        fetch_bitmap();
        return 0;
    }
    Transfer& transfer = take_transfer(fs::PageIoKind::write_slots, page_out_done);
    transfer.slot = slots.first;
    for (const PagePlace& page : pages.first(slots.count)) {
        add_page(transfer, page.frame);
        frame_entry(page.frame).set_link<FrameEntry::Dirty>(0);
        page.place.entry->set<Entry::Valid>(0);
        ++pager.going_out;
    }
    submit(transfer);
    return slots.count;
}

void rescue(const PageTable::Place& place) {
    place.entry->set<Entry::Valid>(1);
}

void free_backing(Entry entry, SpaceId space) {
    SpaceAccount& account = account_of(space);
    if (entry.has_slot()) give_slot(static_cast<std::uint32_t>(entry.cap()));
    if (entry.frame() != no_frame) {
        give_frame(entry.frame());
        --account.resident;
    } else if (entry.has_slot()) {
        --account.in_page_file;
    }
}

std::uint32_t frames_going_out() {
    return pager.going_out;
}

std::optional<Error> page_out_failure() {
    return pager.failure;
}

void kick() {
    if (pager.submitted.exchange(false, std::memory_order_relaxed)) fs::kick_page_io();
}

abi::PagingCount& paging_count() {
    return pager.count;
}

abi::PagingCount paging_report() {
    LockGuard guard(ft_lock);
    abi::PagingCount report = pager.count;
    report.page_frames = page_frame_limit();
    report.page_frames_free = page_frames_available();
    report.page_file_used = slots_in_use();
    report.page_file_slots = slots_in_use() + slots_free();
    report.shared_pages = shared_pages_in_use();
    return report;
}

std::uint32_t transfers_under_way() {
    return pager.in_use.load(std::memory_order_relaxed);
}

}  // namespace sos::vm

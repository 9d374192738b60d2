// SPDX-License-Identifier: BSD-2-Clause
// Sharing pages with other processes (sos_share_vm): AddressSpace's part of shared_page.hpp.
//
// All that can fail comes first: room for pages and shares is set aside, and the page tables are
// made. Then page by page is shared; one that is still in the executable is read before.
#include <algorithm>

#include "sync/lock.hpp"
#include "vm/address_space.hpp"
#include "vm/page_file.hpp"
#include "vm/shared_page.hpp"

namespace sos::vm {

namespace {

// How many pages are shared before ft_lock is let go for others.
constexpr unsigned pages_per_lock = 64;

/// The page is nobody's mapping any more, and what it holds is not the executable's.
void make_independent(Entry& entry) {
    if (entry.frame() == no_frame) return;
    unmap_user(entry.frame());
    if (!entry.data_in_elf()) return;
    frame_entry(entry.frame()).set_link<FrameEntry::Dirty>(1);
    entry.set<Entry::DataInElf>(0);
    entry.set<Entry::Cap>(0);
}

}  // namespace

/// The end of the range if regions cover all of it.
Result<VAddr> AddressSpace::end_of_shareable(VAddr start, std::uint64_t length) const {
    if (start.raw() % page_size != 0 || length % page_size != 0) {
        return std::unexpected(Error::bad_argument);
    }
    if (start >= ipc_buffer_address || length > ipc_buffer_address - start) {
        return std::unexpected(Error::bad_address);
    }
    VAddr covered = start;
    while (covered < start + length) {
        const Region* const region = regions_.find(covered);
        if (region == nullptr) return std::unexpected(Error::bad_address);
        covered = region->end;
    }
    return start + length;
}

/// Gives each page of the range an entry that says what it is, so that its tables stay.
Result<void> AddressSpace::touch_tables(VAddr start, VAddr end) {
    VAddr at = start;
    while (at < end) {
        LockGuard guard(ft_lock);
        for (unsigned i = 0; i < pages_per_lock && at < end; ++i, at = at + page_size) {
            const PageTable::Place leaf = TRY(page_table_.find_or_make(at));
            if (!leaf.entry->empty()) continue;
            const Region& region = *regions_.find(at);
            Entry entry = untouched(region);
            const auto range =
                region.kind == RegionKind::elf ? executable_.range_of(at) : std::nullopt;
            if (range) {
                entry.set<Entry::DataInElf>(1);
                entry.set<Entry::Cap>(range->offset);
            }
            page_table_.set(leaf, entry);
        }
    }
    return {};
}

Result<void> AddressSpace::share(VAddr start, std::uint64_t length, bool writable) {
    const VAddr end = TRY(end_of_shareable(start, length));
    const std::uint64_t pages = length / page_size;
    if (pages > max_shared_pages) return std::unexpected(Error::no_memory);
    SharingRoom room = TRY(SharingRoom::take(static_cast<std::uint32_t>(pages)));
    TRY(touch_tables(start, end));
    for (VAddr at = start; at < end;) {
        at = share_some(at, end, writable, room);
        // Only a process that is to end does not get its page.
        if (at < end) TRY(pin_for_loading(at));
    }
    return {};
}

/// Shares pages from `start` on: up to the address returned, which is `end` or that of a page that
/// has to be read first.
VAddr AddressSpace::share_some(VAddr start, VAddr end, bool writable, SharingRoom& room) {
    VAddr at = start;
    while (at < end) {
        LockGuard guard(ft_lock);
        for (unsigned i = 0; i < pages_per_lock && at < end; ++i, at = at + page_size) {
            if (!share_page(page_table_.find(at), at, writable, room)) return at;
        }
        wake_for_room();
    }
    return end;
}

/// False when the page has to be read from the executable first. Requires ft_lock.
bool AddressSpace::share_page(const PageTable::Place& leaf, VAddr page, bool writable,
                              SharingRoom& room) {
    Entry& entry = *leaf.entry;
    if (entry.shared()) {
        set_writable(share_of(entry), writable);
        return true;
    }
    SharedPageId shared = find_shared_page(page);
    if (shared != SharedPageId{}) {
        free_backing(entry, id_);
    } else {
        if (entry.data_in_elf() && !entry.valid()) return false;
        make_independent(entry);
        shared = room.make_page(page, entry, id_);
    }
    Entry share;
    share.set<Entry::InitPte>(1);
    share.set<Entry::ReadOnly>(entry.read_only() ? 1 : 0);
    share.set<Entry::NeverExecute>(entry.never_execute() ? 1 : 0);
    share.set<Entry::UtBit>(1);
    share.set<Entry::Cap>(room.join(shared, writable).raw());
    entry = share;
    return true;
}

}  // namespace sos::vm

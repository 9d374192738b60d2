// SPDX-License-Identifier: BSD-2-Clause
// The pager: moves pages between frames and files, in runs of up to 16 that lie together. It knows
// entries and frames; whose page is to come or to go is decided by fault.cpp and clock.cpp.
//
// A page in transit belongs to its record alone (PageIo, fs/pager): whatever becomes of the process
// meanwhile, the file server's thread ends the transfer, under ft_lock, and wakes who waits for it.
// The frame is pinned until then; if its page went away, that was its last use.
//
// A page on its way out stays usable: a touch makes it resident again, and if it was not written to
// until the transfer ends it has a copy in the page file then. So the slot belongs to the record
// until the transfer has ended, and a slot that is written to is never another page's.
//
// All functions require ft_lock unless they say otherwise; kick() is to be called after the lock
// was let go, when something was started.
#pragma once

#include <cstdint>
#include <span>

#include "abi/sos_file.hpp"
#include "fs/pager/page_io.hpp"
#include "vm/page_table.hpp"
#include "vm/waiters.hpp"

namespace sos::vm {

/// Bytes of a file for a run of pages: `size` bytes from `offset`, the first of them at `inside` in
/// the first page.
struct FileRange {
    std::uint64_t offset = 0;
    std::uint32_t inside = 0;
    std::uint32_t size = 0;
};

/// What an executable's pages are read from.
struct ExecutableFile {
    fs::FileHandle handle{};
    fs::FileVersion version{};
};

/// A page and the frame for it.
struct PagePlace {
    PageTable::Place place{};
    FrameRef frame = no_frame;
};

/// Is there a record for one more transfer?
bool can_start_transfer();

/// Starts to read pages whose slots follow one another into their frames.
void start_page_in(std::span<const PagePlace> pages);
/// Starts to read pages of an executable into their frames, zero-filled where the range leaves
/// gaps.
void start_file_read(std::span<const PagePlace> pages, const ExecutableFile& file,
                     const FileRange& range);
/// Starts to write pages that are resident, dirty and not mapped, as many as there are slots one
/// after the other: how many. None: no slot is free, or (if slots_free()) none is known until a
/// bitmap has come; whoever waits for room is told then.
std::size_t start_page_out(std::span<const PagePlace> pages);

/// A page on its way out is wanted again: resident, as if nothing had happened.
void rescue(const PageTable::Place& place);

/// What is behind a page goes, whatever state it is in: a transfer that is under way ends without
/// it. `entry` (not a shared one) is not to be used again.
void free_backing(Entry entry, SpaceId space);

/// Frames whose pages are on their way out.
std::uint32_t frames_going_out();
/// Why the last page-out that has ended failed; nothing if it did not.
std::optional<Error> page_out_failure();

/// Needs no lock.
void kick();

/// Counts since boot.
abi::PagingCount& paging_count();
/// The same with what there is at the moment. Takes the lock itself.
abi::PagingCount paging_report();
/// Transfers that are under way. Needs no lock.
std::uint32_t transfers_under_way();

}  // namespace sos::vm

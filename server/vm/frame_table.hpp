// SPDX-License-Identifier: BSD-2-Clause
// The frame table: what every frame of program memory is used for (seed 5.2).
//
// One entry of 16 bytes for each frame, indexed by FrameRef. A frame is on exactly one list: free
// (its capability copy is unmapped, its bytes are anything), in use and evictable (the clock's
// round), or off-list: a page-table node, or pinned for good. A frame with pins is not evicted and,
// if its page goes away meanwhile, not reused before the last pin is released: an I/O that outlives
// its process still has its memory.
//
// Frames for programs' pages are limited, by frames=N or else to 7/8 of all, so that page tables
// and the like find one when programs have taken all of theirs. They count until they are free.
//
// All functions require ft_lock to be held unless they say otherwise.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bitfield.hpp"
#include "error.hpp"
#include "res/frame_pool.hpp"

namespace sos::vm {

using res::frame_data;
using res::FrameRef;

inline constexpr std::size_t page_size = 4096;
inline constexpr unsigned page_bits = 12;

inline constexpr FrameRef no_frame{0};

/// Where the page-table entry is that owns a frame: the node's frame and the index in the node. Of
/// a shared page (shared_page.hpp): the upper and the lower part of its number.
struct BackIndex {
    FrameRef node;
    unsigned index = 0;
    bool shared = false;
};

enum class FrameList : unsigned {
    none = 0,      // not on a list: page-table nodes, and frames never taken
    free = 1,      // ready for use
    evictable = 2  // a program's page
};

/// Frame table entry. The links, and the seed's 5.2 fields.
struct FrameEntry {
    std::uint64_t links = 0;
    std::uint64_t owner = 0;

    // links
    using Previous = base::Field<0, 19>;
    using Next = base::Field<19, 19>;
    using List = base::Field<38, 2>;
    using NoEvict = base::Field<40, 1>;
    using Used = base::Field<41, 1>;
    using Dirty = base::Field<42, 1>;
    using Unused = base::Field<43, 1>;        // on the free list: never used, all zero
    using Orphan = base::Field<44, 1>;        // its page is gone, pins are left
    using LiveEntries = base::Field<45, 10>;  // page-table node: entries that are not empty
    using Fixed = base::Field<55, 1>;         // never evicted: nodes, region lists, IPC buffers
    using Limited = base::Field<56, 1>;       // counts against frames=N
    using Moving = base::Field<57, 1>;        // being read or written by the pager
    using Recent = base::Field<58, 1>;        // no victim until its process has run (turns.hpp)
    using Shared = base::Field<59, 1>;        // of a page that several processes may have mapped
    // owner
    using UserPageCap = base::Field<0, 36>;  // 0: not mapped. Node: memory of the kernel's table
    using BackIndexFrame = base::Field<36, 19>;  // frame_and_entry_index: the node ...
    using BackIndexEntry = base::Field<55, 9>;   // ... and the entry in it

    template <typename F>
    std::uint64_t get_link() const {
        return F::get(links);
    }
    template <typename F>
    void set_link(std::uint64_t value) {
        links = F::set(links, value);
    }
    template <typename F>
    std::uint64_t get_owner() const {
        return F::get(owner);
    }
    template <typename F>
    void set_owner(std::uint64_t value) {
        owner = F::set(owner, value);
    }
};
static_assert(sizeof(FrameEntry) == 16);

/// The least number of frames with which every program gets on.
inline constexpr std::uint32_t min_page_frames = 16;

struct FrameTableConfig {
    std::uint32_t max_evictable = 0;  // frames=N, at least min_page_frames; 0: 7/8 of all
};

/// Called once, after res::init; needs no lock.
Result<void> init_frame_table(const FrameTableConfig& config);

/// A frame with anything in it, on no list, not evictable, not mapped for a program. no_memory when
/// all are used.
Result<FrameRef> take_frame();

/// As take_frame, filled with zeros.
Result<FrameRef> take_zeroed_frame();

/// A frame for a program's page, of any content; make_evictable follows. would_block when the limit
/// is reached or there is none: a page has to go first.
Result<FrameRef> take_page_frame();
Result<FrameRef> take_zeroed_page_frame();

/// Programs' pages: how many frames they may have, and how many more they can have: now, and with
/// those that are lent.
std::uint32_t page_frame_limit();
std::uint32_t page_frames_free();
std::uint32_t page_frames_available();

/// Lends a frame that programs have no use for at the moment to somebody in the server (the cache
/// of files) who gives it back as soon as it is wanted; null when there are not plenty. Its content
/// is anything, and it is not in use. These take ft_lock themselves, but for lent_frames_wanted,
/// which needs none.
std::byte* lend_frame();
void take_back_frame(std::byte* lent);
/// Programs have come near to what is lent: until this is false again, it is to come back.
bool lent_frames_wanted();
/// `tell` is called, with ft_lock held, when that becomes true, and while it goes on.
void on_lent_frames_wanted(void (*tell)());

/// Gives a frame back: unmaps it from its program; with pins left that happens at the last unpin.
void give_frame(FrameRef frame);

FrameEntry& frame_entry(FrameRef frame);

/// From now on the frame is a program's page that may be evicted; its owner is at `back`.
void make_evictable(FrameRef frame, BackIndex back);
BackIndex back_index(FrameRef frame);
/// An evictable frame that is not mapped has another owner from now on.
void change_owner(FrameRef frame, BackIndex back);

/// The clock's hand goes to the next evictable frame and shows it; no_frame when there is none.
FrameRef advance_clock();
std::uint32_t evictable_frames();

/// Takes the frame's page out of all address spaces that it is mapped in.
void unmap_user(FrameRef frame);

/// Adds or removes a reason not to evict. At most 255 pins a frame, else limit_reached.
Result<void> pin_frame(FrameRef frame);
void unpin_frame(FrameRef frame);
unsigned pins(FrameRef frame);
/// Is there a pin left?
bool can_pin(FrameRef frame);

/// Pages of one transfer that are pinned at once, at most.
std::size_t max_transfer_pages();

/// Pins of transfers, which may last: so many, that others always find frames to evict. A token
/// names one that was taken. take: false when there is none left.
bool take_transfer_pin();
void give_transfer_pin();
std::uint64_t transfer_pin_token(FrameRef frame);
/// The page that a token of a pin is for.
std::byte* transfer_data(std::uint64_t token);

/// Pins of windows on files, which last as long as a process likes, in the same way.
bool take_window_pin();
void give_window_pin();
std::uint64_t window_pin_token(FrameRef frame);

/// For fs::set_pin_release: unpin_frame of the frame that the token of a PinnedFrame names. Takes
/// ft_lock itself, and tells those who wait for room.
void release_pin(std::uint64_t token);

/// How many frames are in use (any use), and how many there can be. Need no lock.
std::uint32_t frames_in_use();
std::uint32_t frame_table_size();

}  // namespace sos::vm

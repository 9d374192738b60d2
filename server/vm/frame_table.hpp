// SPDX-License-Identifier: BSD-2-Clause
// The frame table: what every frame of program memory is used for (seed 5.2).
//
// One entry of 16 bytes for each frame, indexed by FrameRef. A frame is on exactly one list: free
// (its capability copy is unmapped, its bytes are anything), in use and evictable (the clock's
// round), or off-list: a page-table node, or pinned for good. A frame with pins is not evicted and,
// if its page goes away meanwhile, not reused before the last pin is released: an I/O that outlives
// its process still has its memory.
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

/// Where the page-table entry is that owns a frame: the node's frame and the index in the node.
struct BackIndex {
    FrameRef node;
    unsigned index = 0;
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

struct FrameTableConfig {
    std::uint32_t max_evictable = 0;  // frames=N; 0: as many as there are
};

/// Called once, after res::init; needs no lock.
Result<void> init_frame_table(const FrameTableConfig& config);

/// A frame with anything in it, on no list, not evictable, not mapped for a program. no_memory when
/// all are used.
Result<FrameRef> take_frame();

/// As take_frame, filled with zeros.
Result<FrameRef> take_zeroed_frame();

/// Gives a frame back: unmaps it from its program; with pins left that happens at the last unpin.
void give_frame(FrameRef frame);

FrameEntry& frame_entry(FrameRef frame);

/// From now on the frame is a program's page that may be evicted; its owner is at `back`.
void make_evictable(FrameRef frame, BackIndex back);
BackIndex back_index(FrameRef frame);

/// Takes the frame's page out of its program's address space, if it is mapped there.
void unmap_user(FrameRef frame);

/// Adds or removes a reason not to evict. At most 255 pins a frame, else limit_reached.
Result<void> pin_frame(FrameRef frame);
void unpin_frame(FrameRef frame);
unsigned pins(FrameRef frame);

/// For fs::set_pin_release: unpin_frame of the frame that the token of a PinnedFrame names. Takes
/// ft_lock itself.
void release_pin(std::uint64_t token);

/// How many frames are in use (any use), and how many there can be. Need no lock.
std::uint32_t frames_in_use();
std::uint32_t frame_table_size();

}  // namespace sos::vm

// SPDX-License-Identifier: BSD-2-Clause
// The shadow page table of a process (seed 5.1): four levels of 512 entries of eight bytes, like
// the kernel's, in frames of the frame table that are never evicted. It is the truth about every
// page: what backs it, with which rights; the kernel's tables are only what is mapped of it now.
// Each node below the root has one page-table object of the kernel; both are freed when the node
// has no entry left.
//
// States of a leaf entry:
//   untouched       !valid, !data_in_elf, frame 0, cap 0: zeros when next touched
//   in the ELF file !valid, data_in_elf, frame 0: `cap` is the offset in the file
//   in page file    !valid, !data_in_elf, frame 0, cap != 0: `cap` is the slot
//   coming in       !valid, frame != 0, data_in_elf or cap != 0: the frame is being filled
//   going out       !valid, frame != 0, !data_in_elf, cap 0: the frame is being written
//   resident        valid, frame != 0; data_in_elf: equal to the file at offset `cap`; otherwise
//                   cap != 0: equal to that slot of the page file
//   shared          ut_bit: `cap` is the process's share in the page, which has an entry of its own
//                   with one of the states above (shared_page.hpp)
// An entry of which all bits are 0 was never touched: its node need not exist.
// Whether a resident page is mapped at the moment says `used` in its frame's entry; whether it is
// mapped for writing, `dirty`.
#pragma once

#include <cstdint>

#include "base/bitfield.hpp"
#include "base/strong.hpp"
#include "error.hpp"
#include "res/owned.hpp"
#include "vm/frame_table.hpp"
#include "vm/space_account.hpp"

namespace sos::vm {

using base::VAddr;

inline constexpr unsigned table_levels = 4;
inline constexpr unsigned table_index_bits = 9;
inline constexpr unsigned table_entries = 1u << table_index_bits;

struct Entry {
    std::uint64_t word = 0;

    using Cap = base::Field<0, 39>;  // node: the kernel's table; leaf: slot or file offset
    using Frame = base::Field<39, 19>;
    using Valid = base::Field<58, 1>;
    using InitPte = base::Field<59, 1>;  // rights were set
    using ReadOnly = base::Field<60, 1>;
    using NeverExecute = base::Field<61, 1>;
    using DataInElf = base::Field<62, 1>;
    using UtBit =
        base::Field<63, 1>;  // node: the kernel's table has memory of its own; leaf: shared

    bool empty() const { return word == 0; }
    bool valid() const { return Valid::get(word) != 0; }
    FrameRef frame() const { return FrameRef{static_cast<std::uint32_t>(Frame::get(word))}; }
    std::uint64_t cap() const { return Cap::get(word); }
    bool read_only() const { return ReadOnly::get(word) != 0; }
    bool never_execute() const { return NeverExecute::get(word) != 0; }
    bool data_in_elf() const { return DataInElf::get(word) != 0; }
    bool resident() const { return valid() && frame() != no_frame; }
    bool shared() const { return UtBit::get(word) != 0; }
    bool has_slot() const { return !data_in_elf() && !shared() && cap() != 0; }
    bool in_page_file() const { return frame() == no_frame && has_slot(); }
    bool going_out() const {
        return !valid() && frame() != no_frame && !data_in_elf() && cap() == 0;
    }

    template <typename F>
    void set(std::uint64_t value) {
        word = F::set(word, value);
    }
    friend constexpr bool operator==(Entry, Entry) = default;
};
static_assert(sizeof(Entry) == 8);
static_assert(Entry::Cap::width + Entry::Frame::width == 58 && Entry::UtBit::low == 63);

/// Index into the node of `level` (0 is the root) on the way to `at`.
constexpr unsigned table_index(VAddr at, unsigned level) {
    return static_cast<unsigned>(base::bits(
        at.raw(), page_bits + table_index_bits * (table_levels - 1 - level), table_index_bits));
}

/// Tables of one process: at most this many nodes beside the root, each a frame and a table of the
/// kernel (8 MiB together), and no more than a 64th of all frames.
inline constexpr unsigned max_table_nodes = 1024;

/// All functions require ft_lock.
class PageTable {
  public:
    PageTable() = default;
    PageTable(const PageTable&) = delete;
    PageTable& operator=(const PageTable&) = delete;
    ~PageTable() { ASSERT(root_ == no_frame); }

    /// Makes the root node, for this space, and the kernel's VSpace.
    Result<void> init(SpaceId space);
    bool valid() const { return root_ != no_frame; }
    sel4::CPtr vspace() const { return vspace_.cptr(); }

    /// A leaf entry, and where it is.
    struct Place {
        Entry* entry = nullptr;
        BackIndex back{};
    };

    /// The leaf entry of a page; a null entry when no node leads there.
    Place find(VAddr page) const;

    /// As find, making what nodes are missing. limit_reached at max_table_nodes. An entry that
    /// stays empty must be given up with drop_if_empty.
    Result<Place> find_or_make(VAddr page);

    /// Changes an entry, and with it the count of its node: an empty node goes, and its parents.
    void set(const Place& place, Entry entry);
    void drop_if_empty(const Place& place) { prune(place.back.node); }

    /// From now on the nodes that lead to this page stay, also when they are empty. Once.
    Result<void> keep(VAddr page);

    /// The first page at or above `from` and below `end` whose entry is not empty; `end` if none.
    VAddr next_filled(VAddr from, VAddr end) const;

    unsigned node_count() const { return nodes_; }

    /// Gives back root and VSpace; every leaf entry must be empty, so there are no other nodes.
    /// Does nothing the second time.
    void destroy();

  private:
    Result<FrameRef> make_node(FrameRef parent, unsigned index, VAddr at);
    void prune(FrameRef node);
    static VAddr next_filled_below(FrameRef node, unsigned level, VAddr at, VAddr end);

    FrameRef root_ = no_frame;
    FrameRef kept_ = no_frame;  // the leaf node that keep() was called for
    unsigned nodes_ = 0;        // beside the root
    res::OwnedVSpace vspace_;
};

/// The entries of a node.
inline Entry* entries_of(FrameRef node) {
    return reinterpret_cast<Entry*>(frame_data(node));
}

}  // namespace sos::vm

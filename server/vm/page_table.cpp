// SPDX-License-Identifier: BSD-2-Clause
#include "vm/page_table.hpp"

#include <algorithm>
#include <utility>

#include "sel4/vspace.hpp"
#include "sync/lock.hpp"

namespace sos::vm {

namespace {

constexpr unsigned leaf_level = table_levels - 1;

using LiveEntries = FrameEntry::LiveEntries;

unsigned live_entries(FrameRef node) {
    return static_cast<unsigned>(frame_entry(node).get_link<LiveEntries>());
}

void change_live_entries(FrameRef node, int change) {
    frame_entry(node).set_link<LiveEntries>(
        static_cast<unsigned>(static_cast<int>(live_entries(node)) + change));
}

/// The first entry from `index` on that is not empty. Tables are mostly empty: four at a time.
unsigned first_filled(const Entry* entries, unsigned index) {
    while (index < table_entries && entries[index].empty()) {
        ++index;
        if (index % 4 != 0) continue;
        while (index < table_entries && (entries[index].word | entries[index + 1].word |
                                         entries[index + 2].word | entries[index + 3].word) == 0) {
            index += 4;
        }
    }
    return index;
}

/// Bytes that one entry of a node of `level` covers.
constexpr std::uint64_t coverage(unsigned level) {
    return base::bit(page_bits + table_index_bits * (leaf_level - level));
}

}  // namespace

Result<void> PageTable::init() {
    ASSERT(ft_lock.held_by_me() && !valid());
    res::OwnedVSpace vspace = TRY(res::make_vspace());
    root_ = TRY(take_zeroed_frame());
    vspace_ = std::move(vspace);
    return {};
}

PageTable::Place PageTable::find(VAddr page) const {
    FrameRef node = root_;
    for (unsigned level = 0; level < leaf_level; ++level) {
        const Entry entry = entries_of(node)[table_index(page, level)];
        if (entry.empty()) return {};
        node = entry.frame();
    }
    const unsigned index = table_index(page, leaf_level);
    return {&entries_of(node)[index], {node, index}};
}

Result<PageTable::Place> PageTable::find_or_make(VAddr page) {
    FrameRef node = root_;
    for (unsigned level = 0; level < leaf_level; ++level) {
        const unsigned index = table_index(page, level);
        const Entry entry = entries_of(node)[index];
        if (!entry.empty()) {
            node = entry.frame();
            continue;
        }
        const auto made = make_node(node, index, page);
        if (!made) {
            prune(node);
            return std::unexpected(made.error());
        }
        node = *made;
    }
    const unsigned index = table_index(page, leaf_level);
    return Place{&entries_of(node)[index], {node, index}};
}

/// A node for entry `index` of `parent`, with the kernel's table for it: the kernel puts a table at
/// the first level that is missing on the way to `at`, which is this one, as it has all above.
Result<FrameRef> PageTable::make_node(FrameRef parent, unsigned index, VAddr at) {
    if (nodes_ == max_table_nodes) return std::unexpected(Error::limit_reached);
    res::OwnedPageTable kernel_table = TRY(res::make_page_table());
    TRY(from_kernel(sel4::page_table_map(kernel_table.cptr(), vspace_.cptr(), at)));
    const FrameRef node = TRY(take_zeroed_frame());

    const auto parts = kernel_table.release();
    FrameEntry& frame = frame_entry(node);
    frame.set_owner<FrameEntry::UserPageCap>(parts.memory.raw());
    frame.set_owner<FrameEntry::BackIndexFrame>(parent.raw());
    frame.set_owner<FrameEntry::BackIndexEntry>(index);
    Entry entry;
    entry.set<Entry::Cap>(parts.cptr.raw());
    entry.set<Entry::Frame>(node.raw());
    entry.set<Entry::Valid>(1);
    entry.set<Entry::UtBit>(1);
    entries_of(parent)[index] = entry;
    change_live_entries(parent, 1);
    ++nodes_;
    return node;
}

/// Frees `node` if it is empty, then its parent if that is empty now, and so on; never the root.
void PageTable::prune(FrameRef node) {
    while (node != root_ && live_entries(node) == 0) {
        const BackIndex parent = back_index(node);
        Entry& entry = entries_of(parent.node)[parent.index];
        const auto memory =
            static_cast<std::uint32_t>(frame_entry(node).get_owner<FrameEntry::UserPageCap>());
        // Destroyed at once: the kernel takes the table out of the address space.
        res::OwnedPageTable::adopt({sel4::CPtr{entry.cap()}, res::UntypedId{memory}}).reset();
        entry = {};
        give_frame(node);
        change_live_entries(parent.node, -1);
        --nodes_;
        node = parent.node;
    }
}

void PageTable::set(const Place& place, Entry entry) {
    const bool was_empty = place.entry->empty();
    *place.entry = entry;
    if (was_empty == entry.empty()) return;
    change_live_entries(place.back.node, was_empty ? 1 : -1);
    prune(place.back.node);
}

VAddr PageTable::next_filled(VAddr from, VAddr end) const {
    return from < end ? next_filled_below(root_, 0, from, end) : end;
}

/// As next_filled, for what `node` of `level` covers: from `at` to its last entry, or `end`.
VAddr PageTable::next_filled_below(FrameRef node, unsigned level, VAddr at, VAddr end) {
    const Entry* const entries = entries_of(node);
    const VAddr start{base::align_down(at.raw(), coverage(level) * table_entries)};
    for (unsigned index = table_index(at, level);; ++index) {
        index = first_filled(entries, index);
        if (index == table_entries) return end;
        at = std::max(at, start + index * coverage(level));
        if (at >= end) return end;
        if (level == leaf_level) return at;
        const VAddr limit = std::min(start + (index + 1) * coverage(level), end);
        const VAddr found = next_filled_below(entries[index].frame(), level + 1, at, limit);
        if (found < limit) return found;
    }
}

Result<void> PageTable::keep(VAddr page) {
    ASSERT(kept_ == no_frame);
    const Place place = TRY(find_or_make(page));
    // As if it had one entry more.
    change_live_entries(place.back.node, 1);
    kept_ = place.back.node;
    return {};
}

void PageTable::destroy() {
    if (!valid()) return;
    if (kept_ != no_frame) {
        change_live_entries(kept_, -1);
        prune(std::exchange(kept_, no_frame));
    }
    ASSERT(ft_lock.held_by_me() && nodes_ == 0 && live_entries(root_) == 0);
    vspace_.reset();
    give_frame(root_);
    root_ = no_frame;
}

}  // namespace sos::vm

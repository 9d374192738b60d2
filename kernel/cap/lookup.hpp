// SPDX-License-Identifier: BSD-2-Clause
// Lookup: from a capability address to a slot, through CNodes with guards (sel4-abi 5).
#pragma once

#include <cstdint>
#include <expected>

#include "api/sys_error.hpp"
#include "cap/slot.hpp"
#include "object/tcb.hpp"

namespace numbat {

struct ResolvedSlot {
    Slot* slot;
    unsigned bits_left;
};

/// The slot that the low `bits` bits of `address` name, starting at the CNode capability `root`;
/// stops early at a capability that is no CNode. bits: 1..64.
std::expected<ResolvedSlot, LookupFailure> resolve(Cap root, std::uint64_t address, unsigned bits);

/// The usual CSpace is one CNode that resolves all 64 bits. Null if it is another one, or if the
/// guard differs.
[[gnu::always_inline]] inline Slot* find_in_flat_space(Cap root, std::uint64_t address) {
    if (CNodeCap::FlatNode::get(root.word0) != CNodeCap::flat_node ||
        address >> CNodeCap::Radix::get(root.word0) != root.word1 >> CNodeCap::GuardSize::width)
        [[unlikely]] {
        return nullptr;
    }
    const std::uint64_t guard_size = CNodeCap::GuardSize::get(root.word1);
    Slot* const slot =
        reinterpret_cast<Slot*>(root.address()) + (address << guard_size >> guard_size);
    if (slot == nullptr) __builtin_unreachable();  // saves the callers' test
    return slot;
}

/// One level of a CSpace. What is left of an address stands at its top.
struct Level {
    CNodeCap node;
    std::uint64_t bits = node.radix() + node.guard_size();  // 64 at most

    /// The slot at this level; null if the guard differs. A CNode in it leads further.
    [[gnu::always_inline]] Slot* find(std::uint64_t address) const {
        const std::uint64_t digits = address >> (-bits & 63);
        if (digits >> node.radix() != node.guard()) return nullptr;
        Slot* const slot = node.slots() + (digits & (node.slot_count() - 1));
        if (slot == nullptr) __builtin_unreachable();  // saves the callers' test
        return slot;
    }
};

/// The way of `left` bits of an address through CNodes.
struct Walk {
    Cap node;
    std::uint64_t address;
    std::uint64_t left;

    /// The slot; stops early at a capability that is no CNode. Null: `node` is where it failed.
    [[gnu::always_inline]] Slot* run() {
        while (node.is<CNodeCap>()) {
            const Level level{node.as<CNodeCap>()};
            Slot* const slot = level.bits <= left ? level.find(address) : nullptr;
            if (slot == nullptr) break;
            left -= level.bits;
            if (left == 0 || !slot->cap.is<CNodeCap>()) return slot;
            address <<= level.bits;
            node = slot->cap;
        }
        return nullptr;
    }
};

/// First use of 5.2: full depth in the thread's own CSpace, remaining bits are allowed.
inline std::expected<Slot*, LookupFailure> lookup_slot(const Tcb& thread, std::uint64_t address) {
    const Cap root = thread.slot(TcbSlot::cspace).cap;
    if (Slot* const slot = find_in_flat_space(root, address)) [[likely]]
        return slot;
    if (Slot* const slot = Walk{root, address, abi::word_bits}.run()) return slot;
    return std::unexpected(resolve(root, address, abi::word_bits).error());
}

/// Second use of 5.2: exactly `depth` bits in the CNode capability `root`.
Result<Slot*> lookup_target_slot(Cap root, std::uint64_t index, std::uint64_t depth,
                                 LookupSide side);

/// The same, with the usual CSpace inline.
[[gnu::always_inline]] inline Result<Slot*> find_target_slot(Cap root, std::uint64_t index,
                                                             std::uint64_t depth, LookupSide side) {
    if (depth == abi::word_bits) [[likely]] {
        if (Slot* const slot = find_in_flat_space(root, index)) [[likely]]
            return slot;
    }
    return lookup_target_slot(root, index, depth, side);
}

}  // namespace numbat

// SPDX-License-Identifier: BSD-2-Clause
// Capability spaces (seL4 manual 3.1, 10.3).
#pragma once

#include "sel4/invoke.hpp"

namespace sel4 {

inline Result<void> cnode_copy(SlotPath to, SlotPath from, abi::CapRights rights) {
    return invoke<5, 1>(to.root, abi::Invocation::cnode_copy,
                        {to.index, to.depth, from.index, from.depth, rights.word}, {from.root});
}

/// `data`: a badge for endpoints and notifications, abi::cnode_data for CNodes.
inline Result<void> cnode_mint(SlotPath to, SlotPath from, abi::CapRights rights,
                               std::uint64_t data) {
    return invoke<6, 1>(to.root, abi::Invocation::cnode_mint,
                        {to.index, to.depth, from.index, from.depth, rights.word, data},
                        {from.root});
}

inline Result<void> cnode_move(SlotPath to, SlotPath from) {
    return invoke<4, 1>(to.root, abi::Invocation::cnode_move,
                        {to.index, to.depth, from.index, from.depth}, {from.root});
}

inline Result<void> cnode_mutate(SlotPath to, SlotPath from, std::uint64_t data) {
    return invoke<5, 1>(to.root, abi::Invocation::cnode_mutate,
                        {to.index, to.depth, from.index, from.depth, data}, {from.root});
}

/// Moves pivot to `to` (with `to_data`) and source to pivot (with `pivot_data`).
inline Result<void> cnode_rotate(SlotPath to, std::uint64_t to_data, SlotPath pivot,
                                 std::uint64_t pivot_data, SlotPath source) {
    return invoke<8, 2>(to.root, abi::Invocation::cnode_rotate,
                        {to.index, to.depth, to_data, pivot.index, pivot.depth, pivot_data,
                         source.index, source.depth},
                        {pivot.root, source.root});
}

inline Result<void> cnode_delete(SlotPath slot) {
    return invoke<2>(slot.root, abi::Invocation::cnode_delete, {slot.index, slot.depth});
}

inline Result<void> cnode_revoke(SlotPath slot) {
    return invoke<2>(slot.root, abi::Invocation::cnode_revoke, {slot.index, slot.depth});
}

inline Result<void> cnode_cancel_badged_sends(SlotPath slot) {
    return invoke<2>(slot.root, abi::Invocation::cnode_cancel_badged_sends,
                     {slot.index, slot.depth});
}

}  // namespace sel4

// SPDX-License-Identifier: BSD-2-Clause
// Address spaces of AArch64 (seL4 manual 7, 10.6): page tables, pages, ASIDs, cache operations.
#pragma once

#include "abi/object_type.hpp"
#include "sel4/invoke.hpp"

namespace sel4 {

using base::PAddr;
using base::VAddr;

inline Result<void> page_table_map(CPtr table, CPtr vspace, VAddr at) {
    return invoke<2, 1>(table, abi::Invocation::page_table_map,
                        {at.raw(), abi::page_attributes::normal}, {vspace});
}

inline Result<void> page_table_unmap(CPtr table) {
    return invoke(table, abi::Invocation::page_table_unmap);
}

inline Result<void> page_map(CPtr frame, CPtr vspace, VAddr at, abi::CapRights rights,
                             std::uint64_t attributes) {
    return invoke<3, 1>(frame, abi::Invocation::page_map, {at.raw(), rights.word, attributes},
                        {vspace});
}

/// As page_map; a missing table gives failed_lookup and, in `level_bits`, 39, 30 or 21.
inline Result<void> page_map(CPtr frame, CPtr vspace, VAddr at, abi::CapRights rights,
                             std::uint64_t attributes, std::uint64_t& level_bits) {
    const InvocationReply reply = invoke_raw<3, 1>(frame, abi::Invocation::page_map,
                                                   {at.raw(), rights.word, attributes}, {vspace});
    if (reply.error == abi::Error::none) return {};
    level_bits = reply.words.mr[2];
    return std::unexpected(reply.error);
}

inline Result<void> page_unmap(CPtr frame) {
    return invoke(frame, abi::Invocation::page_unmap);
}

inline Result<PAddr> page_get_address(CPtr frame) {
    const auto word = invoke_word(frame, abi::Invocation::page_get_address);
    if (!word) return std::unexpected(word.error());
    return PAddr{*word};
}

/// `operation` is one of page_clean_data .. page_unify_instruction; offsets into the page.
inline Result<void> page_cache(abi::Invocation operation, CPtr frame, std::uint64_t start,
                               std::uint64_t end) {
    return invoke<2>(frame, operation, {start, end});
}

inline Result<void> page_unify_instruction(CPtr frame, std::uint64_t start, std::uint64_t end) {
    return page_cache(abi::Invocation::page_unify_instruction, frame, start, end);
}

/// `operation` is one of vspace_clean_data .. vspace_unify_instruction, inside one page.
inline Result<void> vspace_cache(abi::Invocation operation, CPtr vspace, VAddr start, VAddr end) {
    return invoke<2>(vspace, operation, {start.raw(), end.raw()});
}

/// `untyped` is one of 4096 bytes, used up whole.
inline Result<void> asid_control_make_pool(CPtr control, CPtr untyped, SlotPath slot) {
    return invoke<2, 2>(control, abi::Invocation::asid_control_make_pool, {slot.index, slot.depth},
                        {untyped, slot.root});
}

inline Result<void> asid_pool_assign(CPtr pool, CPtr vspace) {
    return invoke<0, 1>(pool, abi::Invocation::asid_pool_assign, {}, {vspace});
}

}  // namespace sel4

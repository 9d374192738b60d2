// SPDX-License-Identifier: BSD-2-Clause
// Untyped memory (seL4 manual 2.4).
#pragma once

#include "abi/object_type.hpp"
#include "sel4/invoke.hpp"

namespace sel4 {

/// Makes `count` objects in the slots from `offset` on of the CNode `root` itself.
/// `size_bits` is a power of two: bytes for untypeds and scheduling contexts, slots for CNodes.
inline Result<void> untyped_retype(CPtr untyped, abi::ObjectType type, unsigned size_bits,
                                   CPtr root, std::uint64_t offset, std::uint64_t count = 1) {
    return invoke<6, 1>(untyped, abi::Invocation::untyped_retype,
                        {static_cast<std::uint64_t>(type), size_bits, 0, 0, offset, count}, {root});
}

/// Same, into the CNode whose cap is found at `cnode`.
inline Result<void> untyped_retype(CPtr untyped, abi::ObjectType type, unsigned size_bits,
                                   SlotPath cnode, std::uint64_t offset, std::uint64_t count = 1) {
    return invoke<6, 1>(
        untyped, abi::Invocation::untyped_retype,
        {static_cast<std::uint64_t>(type), size_bits, cnode.index, cnode.depth, offset, count},
        {cnode.root});
}

}  // namespace sel4

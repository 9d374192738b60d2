// SPDX-License-Identifier: BSD-2-Clause
#include "cap/lookup.hpp"

namespace numbat {

std::expected<ResolvedSlot, LookupFailure> resolve(Cap root, std::uint64_t address, unsigned bits) {
    ASSERT(bits >= 1 && bits <= abi::word_bits);
    Walk walk{root, address << (abi::word_bits - bits), bits};
    Slot* const slot = walk.run();
    const auto left = static_cast<unsigned>(walk.left);
    if (slot != nullptr) return ResolvedSlot{slot, left};
    if (!root.is<CNodeCap>()) return std::unexpected(LookupFailure::invalid_root());
    const auto node = walk.node.as<CNodeCap>();
    const unsigned guard_size = node.guard_size();
    const std::uint64_t guard = walk.address >> 1 >> (abi::word_bits - 1 - guard_size);
    if (guard_size > left || guard != node.guard()) {
        return std::unexpected(LookupFailure::guard_mismatch(left, guard_size, node.guard()));
    }
    return std::unexpected(LookupFailure::depth_mismatch(left, node.radix() + guard_size));
}

Result<Slot*> lookup_target_slot(Cap root, std::uint64_t index, std::uint64_t depth,
                                 LookupSide side) {
    if (!root.is<CNodeCap>()) return fail::failed_lookup(side, LookupFailure::invalid_root());
    if (depth < 1 || depth > abi::word_bits) return fail::range(1, abi::word_bits);
    const auto found = resolve(root, index, static_cast<unsigned>(depth));
    if (!found) return fail::failed_lookup(side, found.error());
    if (found->bits_left != 0) {
        return fail::failed_lookup(side, LookupFailure::depth_mismatch(found->bits_left, 0));
    }
    return found->slot;
}

}  // namespace numbat

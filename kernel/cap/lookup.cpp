// SPDX-License-Identifier: BSD-2-Clause
#include "cap/lookup.hpp"

namespace numbat {

std::expected<ResolvedSlot, LookupFailure> resolve(Cap root, std::uint64_t address, unsigned bits) {
    ASSERT(bits >= 1 && bits <= abi::word_bits);
    if (!root.is<CNodeCap>()) [[unlikely]]
        return std::unexpected(LookupFailure::invalid_root());
    for (;;) {
        const auto node = root.as<CNodeCap>();
        const unsigned radix = node.radix();
        const unsigned guard_size = node.guard_size();
        const unsigned level = radix + guard_size;
        // The shift count is at most 63 whenever the mask is not zero.
        const std::uint64_t guard =
            (address >> ((bits - guard_size) & 63)) & (base::bit(guard_size) - 1);
        if (guard_size > bits || guard != node.guard()) [[unlikely]] {
            return std::unexpected(LookupFailure::guard_mismatch(bits, guard_size, node.guard()));
        }
        if (level > bits) [[unlikely]] {
            return std::unexpected(LookupFailure::depth_mismatch(bits, level));
        }
        bits -= level;
        Slot* const slot = node.slots() + ((address >> bits) & (base::bit(radix) - 1));
        if (bits == 0 || !slot->cap.is<CNodeCap>()) return ResolvedSlot{slot, bits};
        root = slot->cap;
    }
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

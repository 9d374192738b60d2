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

/// First use of 5.2: full depth in the thread's own CSpace, remaining bits are allowed.
inline std::expected<Slot*, LookupFailure> lookup_slot(const Tcb& thread, std::uint64_t address) {
    const auto found = resolve(thread.slot(TcbSlot::cspace).cap, address, abi::word_bits);
    if (!found) [[unlikely]]
        return std::unexpected(found.error());
    return found->slot;
}

/// Second use of 5.2: exactly `depth` bits in the CNode capability `root`.
Result<Slot*> lookup_target_slot(Cap root, std::uint64_t index, std::uint64_t depth,
                                 LookupSide side);

}  // namespace numbat

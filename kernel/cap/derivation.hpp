// SPDX-License-Identifier: BSD-2-Clause
// The derivation tree (sel4-abi 4.5, 4.6), kept as one ordered list through all slots: a capability
// stands directly behind the one it was made from, before that one's earlier children. So the
// descendants of a slot are the run of slots behind it that lie in its region, and all capabilities
// to one object are neighbours.
//
//     untyped -> endpoint -> mint(badge 5) -> copy of the mint -> copy of the endpoint -> frame ...
//
// This module alone links slots. It moves values; what the end of a capability means for its object
// is delete.hpp's.
#pragma once

#include "api/sys_error.hpp"
#include "cap/slot.hpp"

namespace numbat {

/// Physical memory of a capability's object; size 0 if it has none.
struct MemoryRange {
    std::uint64_t start;
    std::uint64_t size;
};
MemoryRange memory_of(Cap cap);

/// Does `b` lie in the region of `a` (table in 4.6, badges aside)?
bool in_region(Cap a, Cap b);
/// Do both name the same object?
bool same_object(Cap a, Cap b);
/// Is `child`, directly behind `parent` and its descendants, a descendant too?
bool is_child(const Slot& parent, const Slot& child);

inline bool has_children(const Slot& slot) {
    const Slot* next = slot.next();
    return next != nullptr && is_child(slot, *next);
}
Result<void> ensure_no_children(const Slot& slot);
/// No other capability names the same object.
bool is_final(const Slot& slot);

/// Puts `cap` into an empty slot, as the root of a tree of its own. For the boot code.
void insert_initial_cap(Slot& slot, Cap cap);
/// Links `cap` behind `parent` into an empty slot.
void insert_child(Slot& slot, Cap cap, Slot& parent, DerivationFlags flags);
/// As Copy and Mint do: `cap` was derived from `source`. An untyped source becomes full.
void insert_copy(Slot& slot, Cap cap, Slot& source);
/// Moves place and links; `cap` is the (possibly changed) value. The source becomes empty.
void move_slot(Slot& destination, Cap cap, Slot& source);
/// Exchanges values and places; the new values may differ from the old.
void swap_slots(Slot& a, Cap cap_for_b, Slot& b, Cap cap_for_a);
/// Takes the slot out of the list and empties it.
void unlink_slot(Slot& slot);

/// The capability that a copy of `source` would hold, or why there is none. Null is a result:
/// the caller says what that means.
Result<Cap> derive(const Slot& source, Cap cap);
/// Intersects the rights.
Cap mask_rights(Cap cap, abi::CapRights rights);
/// Mint and TCB roots set new data; Mutate and Rotate keep badges.
enum class DataMode : std::uint8_t { fresh, preserve };
/// Applies a badge or guard word; null if not allowed.
Cap apply_data(Cap cap, std::uint64_t data, DataMode mode);

}  // namespace numbat

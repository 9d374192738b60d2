// SPDX-License-Identifier: BSD-2-Clause
// The server's capability space: a root CNode whose first 512 entries are for CNodes of 2^12 slots,
// resolved at depth 64 with a guard of zeros, so a CPtr is simply a slot number below 2^21. The
// CNode that the kernel gave us at boot becomes entry 0: the initial capabilities keep their
// numbers, and slot abi::init_cap::cnode holds the new root.
//
// The other entries of the root are slots themselves, the near ones: the kernel finds a capability
// there in one step instead of two. They are for what messages go through: endpoints and replies.
//
// Invariant: a slot marked free holds no capability. A Slot owns one place: when it is destroyed
// the capability in it is deleted and the place is free again. CNodes are added when slots run
// short and stay (2^21 slots at most, then Error::no_slots).
#pragma once

#include <cstdint>
#include <utility>

#include "abi/boot_info.hpp"
#include "error.hpp"
#include "sel4/types.hpp"

namespace sos::res {

using sel4::CPtr;

inline constexpr unsigned cspace_leaf_bits = 12;
inline constexpr unsigned cspace_root_bits = 12;
inline constexpr unsigned max_cspace_leaves = 512;
inline constexpr std::uint64_t max_slots = std::uint64_t{max_cspace_leaves} << cspace_leaf_bits;
inline constexpr unsigned near_slots = (1u << cspace_root_bits) - max_cspace_leaves;

enum class Place : std::uint8_t { any, near };
constexpr bool is_near(CPtr slot) {
    return slot.raw() >= max_slots;
}

/// The CNode that server threads are configured with (guard already in the cap: data 0 keeps it).
inline constexpr CPtr root_cnode{abi::init_cap::cnode};

/// How kernel calls name a slot of the server's capability space.
constexpr sel4::SlotPath path(CPtr slot) {
    if (is_near(slot)) {
        return {.root = root_cnode,
                .index = slot.raw() >> cspace_leaf_bits,
                .depth = 64 - cspace_leaf_bits};
    }
    return {.root = root_cnode, .index = slot.raw(), .depth = 64};
}

/// Owner of one slot and of the capability in it, if any.
class [[nodiscard]] Slot {
  public:
    constexpr Slot() = default;
    Slot(Slot&& other) noexcept : cptr_(std::exchange(other.cptr_, CPtr{})) {}
    Slot& operator=(Slot&& other) noexcept {
        if (this != &other) {
            reset();
            cptr_ = std::exchange(other.cptr_, CPtr{});
        }
        return *this;
    }
    ~Slot() { reset(); }

    CPtr cptr() const { return cptr_; }
    bool valid() const { return cptr_ != CPtr{}; }

    /// Deletes the capability and gives the place back.
    void reset();

    /// Gives up ownership, for tables that keep bare numbers; adopt() is the way back.
    [[nodiscard]] CPtr release() { return std::exchange(cptr_, CPtr{}); }
    static Slot adopt(CPtr cptr) { return Slot(cptr); }

  private:
    explicit Slot(CPtr cptr) : cptr_(cptr) {}
    CPtr cptr_{};
};

/// An empty slot, to be filled by the caller. When no near one is left, another one does it.
Result<Slot> take_slot(Place place = Place::any);

/// A copy of `source` with at most `rights` and, for endpoints and notifications, `badge`.
Result<Slot> mint(CPtr source, abi::CapRights rights, std::uint64_t badge);

/// A copy of `source` with all its rights.
Result<Slot> copy(CPtr source);

/// Same, into a CNode of the caller's (a program's capability space).
Result<void> mint_into(sel4::SlotPath destination, CPtr source, abi::CapRights rights,
                       std::uint64_t badge);

}  // namespace sos::res

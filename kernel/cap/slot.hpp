// SPDX-License-Identifier: BSD-2-Clause
// Slot: a place for a capability, 32 bytes. Besides the Cap it holds its links in the derivation
// list, the one ordered list of all capabilities in the system (derivation.hpp). An empty slot is
// all zero and is not in the list. Only derivation.cpp changes the links.
#pragma once

#include <cstdint>

#include "cap/cap.hpp"

namespace numbat {

/// Flags of a slot in the derivation tree (sel4-abi 4.6).
enum class DerivationFlags : std::uint64_t {
    none = 0,
    revocable = 1,     // may be a parent
    first_badged = 2,  // minted with a new badge: not a child of that badge
    original = 3,      // both: initial capabilities, and what Retype makes
};

struct alignas(1u << abi::slot_bits) Slot {
    Cap cap;

    bool empty() const { return cap.is_null(); }
    Slot* previous() const { return reinterpret_cast<Slot*>(previous_); }
    Slot* next() const { return reinterpret_cast<Slot*>(next_ & ~flag_mask); }
    bool revocable() const { return (next_ & 1) != 0; }
    bool first_badged() const { return (next_ & 2) != 0; }
    DerivationFlags flags() const { return static_cast<DerivationFlags>(next_ & flag_mask); }

    void set_previous(Slot* slot) { previous_ = reinterpret_cast<std::uint64_t>(slot); }
    void set_next(Slot* slot) {
        next_ = reinterpret_cast<std::uint64_t>(slot) | (next_ & flag_mask);
    }
    void set_links(Slot* previous, Slot* next, DerivationFlags flags) {
        previous_ = reinterpret_cast<std::uint64_t>(previous);
        next_ = reinterpret_cast<std::uint64_t>(next) | static_cast<std::uint64_t>(flags);
    }
    void clear() {
        cap = Cap{};
        previous_ = 0;
        next_ = 0;
    }

  private:
    static constexpr std::uint64_t flag_mask = 3;
    std::uint64_t previous_;
    std::uint64_t next_;
};
static_assert(sizeof(Slot) == 1u << abi::slot_bits);

}  // namespace numbat

// SPDX-License-Identifier: BSD-2-Clause
// Which near slots (cspace.hpp) are free: one bit each.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <optional>

#include "base/assert.hpp"
#include "base/bits.hpp"
#include "res/cspace.hpp"

namespace sos::res {

class NearSlots {
  public:
    constexpr NearSlots() { free_.fill(~std::uint64_t{0}); }

    std::optional<CPtr> take() {
        for (std::uint64_t word = 0; word < free_.size(); ++word) {
            if (free_[word] == 0) continue;
            const auto bit = static_cast<unsigned>(std::countr_zero(free_[word]));
            free_[word] &= ~base::bit(bit);
            return CPtr{(max_cspace_leaves + word * 64 + bit) << cspace_leaf_bits};
        }
        return std::nullopt;
    }

    void give(CPtr slot) {
        const std::uint64_t number = (slot.raw() >> cspace_leaf_bits) - max_cspace_leaves;
        std::uint64_t& word = free_[number / 64];
        ASSERT((word & base::bit(number % 64)) == 0);
        word |= base::bit(number % 64);
    }

  private:
    static_assert(near_slots % 64 == 0);
    std::array<std::uint64_t, near_slots / 64> free_{};
};

}  // namespace sos::res

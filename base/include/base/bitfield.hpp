// SPDX-License-Identifier: BSD-2-Clause
// Field<Low, Width>: one field of a word. A layout is a list of such lines, pinned by asserts.
#pragma once

#include <cstdint>

#include "base/bits.hpp"

namespace base {

template <unsigned Low, unsigned Width>
struct Field {
    static_assert(Width >= 1 && Low + Width <= 64);
    static constexpr unsigned low = Low;
    static constexpr unsigned width = Width;
    static constexpr std::uint64_t max = mask(Width);
    static constexpr std::uint64_t in_place = max << Low;

    static constexpr std::uint64_t get(std::uint64_t word) { return (word >> Low) & max; }
    /// `value` is cut to the field.
    static constexpr std::uint64_t set(std::uint64_t word, std::uint64_t value) {
        return (word & ~in_place) | ((value & max) << Low);
    }
    static constexpr std::uint64_t make(std::uint64_t value) { return (value & max) << Low; }
};

}  // namespace base

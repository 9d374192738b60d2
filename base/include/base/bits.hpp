// SPDX-License-Identifier: BSD-2-Clause
// Powers of two, alignment and bit ranges.
#pragma once

#include <concepts>
#include <cstdint>

namespace base {

constexpr std::uint64_t bit(unsigned position) {
    return std::uint64_t{1} << position;
}

/// The low `width` bits, 0..64.
constexpr std::uint64_t mask(unsigned width) {
    return width >= 64 ? ~0ull : bit(width) - 1;
}

constexpr std::uint64_t bits(std::uint64_t word, unsigned low, unsigned width) {
    return (word >> low) & mask(width);
}

constexpr std::uint64_t align_down(std::uint64_t value, std::uint64_t power_of_two) {
    return value & ~(power_of_two - 1);
}

/// Wraps to 0 when there is no aligned value above.
constexpr std::uint64_t align_up(std::uint64_t value, std::uint64_t power_of_two) {
    return (value + power_of_two - 1) & ~(power_of_two - 1);
}

constexpr bool aligned(std::uint64_t value, std::uint64_t power_of_two) {
    return (value & (power_of_two - 1)) == 0;
}

/// Is [start, start + length) inside [0, limit), without wrapping?
constexpr bool range_within(std::uint64_t start, std::uint64_t length, std::uint64_t limit) {
    return start <= limit && length <= limit - start;
}

}  // namespace base

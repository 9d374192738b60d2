// SPDX-License-Identifier: BSD-2-Clause
// From the number of a system call to its row in the table, in constant time: numbers come in two
// dense ranges, with one byte for each number.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include "abi/sos_syscall.hpp"

namespace sos::syscall {

inline constexpr std::uint64_t low_numbers = 512;
inline constexpr std::uint64_t high_base = 0x1000;
inline constexpr std::uint64_t high_numbers = 256;
inline constexpr std::uint8_t no_call = std::size(abi::sos_syscalls);
static_assert(std::size(abi::sos_syscalls) < 0xff);

namespace detail {

/// The last place is that of all numbers outside the ranges.
inline constexpr std::size_t outside = low_numbers + high_numbers;

constexpr std::size_t place_of(std::uint64_t number) {
    if (number < low_numbers) return number;
    if (number >= high_base && number < high_base + high_numbers)
        return low_numbers + (number - high_base);
    return outside;
}

using CallIndex = std::array<std::uint8_t, outside + 1>;

constexpr CallIndex make_call_index() {
    CallIndex index{};
    index.fill(no_call);
    for (std::size_t row = 0; row < std::size(abi::sos_syscalls); ++row) {
        index[place_of(abi::sos_syscalls[row].number)] = static_cast<std::uint8_t>(row);
    }
    return index;
}
inline constexpr CallIndex call_index = make_call_index();

constexpr bool every_number_finds_its_row() {
    for (std::size_t row = 0; row < std::size(abi::sos_syscalls); ++row) {
        if (call_index[place_of(abi::sos_syscalls[row].number)] != row) return false;
    }
    return call_index[outside] == no_call;
}
static_assert(every_number_finds_its_row(), "a number is used twice, or outside the ranges");

}  // namespace detail

/// The row of the table, or no_call.
constexpr std::uint8_t find_call(std::uint64_t number) {
    return detail::call_index[detail::place_of(number)];
}

}  // namespace sos::syscall

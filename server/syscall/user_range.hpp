// SPDX-License-Identifier: BSD-2-Clause
// Which addresses can be a program's at all.
#pragma once

#include <cstdint>

#include "abi/object_type.hpp"
#include "base/bits.hpp"

namespace sos::syscall {

/// Can there be `size` bytes of a program at `address`? Neither wraps, nor reaches the upper half.
constexpr bool in_user_half(std::uint64_t address, std::uint64_t size) {
    return base::range_within(address, size, abi::user_top + 1);
}

}  // namespace sos::syscall

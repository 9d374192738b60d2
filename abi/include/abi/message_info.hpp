// SPDX-License-Identifier: BSD-2-Clause
// The message info word (x1): length, cap counts and label of a message.
#pragma once

#include <cstdint>

namespace abi {

inline constexpr std::uint64_t max_message_length = 120;
inline constexpr std::uint64_t max_extra_caps = 3;
inline constexpr unsigned message_registers = 4;  // MR0..MR3 travel in x2..x5

struct MessageInfo {
    std::uint64_t word = 0;

    static constexpr MessageInfo make(std::uint64_t label, std::uint64_t length,
                                      std::uint64_t extra_caps = 0,
                                      std::uint64_t caps_unwrapped = 0) {
        return {(label << 12) | ((caps_unwrapped & 7) << 9) | ((extra_caps & 3) << 7) |
                (length & 0x7f)};
    }

    /// Words as encoded, 0..127; the kernel treats more than max_message_length as that.
    constexpr std::uint64_t length() const { return word & 0x7f; }
    constexpr std::uint64_t extra_caps() const { return (word >> 7) & 3; }
    constexpr std::uint64_t caps_unwrapped() const { return (word >> 9) & 7; }
    constexpr std::uint64_t label() const { return word >> 12; }

    friend constexpr bool operator==(MessageInfo, MessageInfo) = default;
};

static_assert(sizeof(MessageInfo) == 8);
static_assert(MessageInfo{0x3085}.label() == 3 && MessageInfo{0x3085}.length() == 5 &&
              MessageInfo{0x3085}.extra_caps() == 1);

}  // namespace abi

// SPDX-License-Identifier: BSD-2-Clause
// The Arm PrimeCell real-time clock (PL031): read once at boot for the time of day, which then
// advances with the timer. The clock is never written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/mmio.hpp"

namespace sos::rtc {

/// Arm DDI 0224C, chapter 3.
namespace pl031 {
inline constexpr std::size_t data = 0x00;
inline constexpr std::size_t peripheral_id = 0xfe0;  // four words, eight bits each
inline constexpr std::uint32_t part_number = 0x031;
inline constexpr std::size_t window_bytes = 0x1000;
}  // namespace pl031

/// Seconds since 1970, or nothing when no PL031 answers there.
template <typename Bus = base::Mmio>
std::optional<std::uint64_t> read_seconds(Bus& bus) {
    const std::uint32_t id0 = bus.template read<std::uint32_t>(pl031::peripheral_id);
    const std::uint32_t id1 = bus.template read<std::uint32_t>(pl031::peripheral_id + 4);
    const std::uint32_t part = (id0 & 0xff) | ((id1 & 0xf) << 8);
    if (part != pl031::part_number) return std::nullopt;
    return bus.template read<std::uint32_t>(pl031::data);
}

}  // namespace sos::rtc

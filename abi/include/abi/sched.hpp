// SPDX-License-Identifier: BSD-2-Clause
// Time: units and bounds of scheduling contexts on this platform.
#pragma once

#include <cstdint>

namespace abi {

inline constexpr std::uint64_t timer_frequency_hz = 62'500'000;
inline constexpr std::uint64_t kernel_wcet_us = 10;
inline constexpr std::uint64_t min_budget_us = 2 * kernel_wcet_us;
inline constexpr std::uint64_t max_period_us = (~std::uint64_t{0}) / 62'500 / 8;
inline constexpr std::uint64_t boot_time_slice_us = 5'000;
inline constexpr unsigned priority_count = 256;
inline constexpr unsigned max_priority = 255;
inline constexpr unsigned max_irq = 159;
inline constexpr unsigned kernel_timer_irq = 27;

static_assert(max_period_us == 36'893'488'147'419);

/// Rounds down, as the interface prescribes.
constexpr std::uint64_t us_to_ticks(std::uint64_t us) {
    return us * 62'500 / 1'000;
}
constexpr std::uint64_t ticks_to_us(std::uint64_t ticks) {
    return ticks * 1'000 / 62'500;
}

}  // namespace abi

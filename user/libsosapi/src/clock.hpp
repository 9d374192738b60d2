// SPDX-License-Identifier: BSD-2-Clause
// The time without a system call: the processor's counter, less what it showed when the server's
// clock began. That origin, and the date it had, come with the auxiliary vector, so that the
// server's clock and this one are the same clock.
#pragma once

#include <cstdint>

#include "base/tick_rate.hpp"

namespace sosapi::clock {

/// What one entry of the auxiliary vector says, if it is about the clock.
void note_auxiliary(std::uint64_t type, std::uint64_t value);

/// Microseconds since boot.
std::uint64_t since_boot_us();
base::TickRate::Time since_boot();
/// Since 1970.
base::TickRate::Time of_day();
/// The time of day at boot, in microseconds.
std::int64_t boot_date_us();
/// What since_boot() advances by, rounded up.
std::uint64_t resolution_ns();

}  // namespace sosapi::clock

// SPDX-License-Identifier: BSD-2-Clause
// The root thread's own work (seed 1.1): it waits on one notification with a badge bit for each
// source of interrupts, and owns the timer and the UART. Callbacks of the timer run here.
#pragma once

#include <cstdint>

#include "console/console.hpp"
#include "error.hpp"
#include "fs/file_server.hpp"

namespace sos::root {

/// The timer: CNTP and its interrupt.
Result<void> start_timer();
/// The UART and its interrupt; from now on log lines go through the console. Error::not_found
/// without a UART in the device tree.
Result<void> start_console();

/// The timer service as other folders want it.
fs::TimerHooks timer_hooks();
std::uint64_t now_us();
/// What the processor's counter showed when now_us() was 0.
std::uint64_t clock_origin_ticks();

[[noreturn]] void interrupt_loop();

}  // namespace sos::root

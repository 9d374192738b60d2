// SPDX-License-Identifier: BSD-2-Clause
// The end of the system, wanted or not. Both ways write by polling, so that nothing else of the
// server has to work any more; the last line is `sos: halted`, and the machine is powered off.
#pragma once

#include <cstdint>
#include <string_view>

#include "root/log_sink.hpp"

namespace sos::root {

/// From now on panic() and halt() write with this, for instance straight to the device.
void set_final_writer(LineWriter writer);
LineWriter final_writer();

/// `sos: panic: REASON`, the call chain from the frame record at `frame` on, and halts.
[[noreturn]] void panic(std::string_view reason, std::uint64_t frame);

/// `sos: halted`, and power off.
[[noreturn]] void halt();

}  // namespace sos::root

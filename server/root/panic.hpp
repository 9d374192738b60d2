// SPDX-License-Identifier: BSD-2-Clause
// The end of the system, wanted or not. Both ways write by polling, so that nothing else of the
// server has to work any more; the last line is `sos: halted`, and the machine is powered off.
#pragma once

#include <cstdint>
#include <string_view>

#include "root/log_sink.hpp"

namespace sos::root {

/// From now on panics and halt() write with this, for instance straight to the device.
void set_final_writer(LineWriter writer);

/// `sos: panic: REASON`. What is logged next belongs to the panic; finish_panic() ends it.
void begin_panic(std::string_view reason);

/// The call chain from the frame record at `frame` on; then halts.
[[noreturn]] void finish_panic(std::uint64_t frame);

/// `sos: halted`, and power off.
[[noreturn]] void halt();

}  // namespace sos::root

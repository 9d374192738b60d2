// SPDX-License-Identifier: BSD-2-Clause
// What the boot code needs of the machine beyond contract.hpp.
#pragma once

#include "context.hpp"

namespace arch {

/// Interrupt controller, kernel timer, counters, and what EL0 may access. Everything masked but
/// the kernel's timer. The kernel's own page tables are in use.
void init_machine();

/// How PSCI is called; arch::halt() ends in its SYSTEM_OFF.
enum class PowerConduit : unsigned char { hvc, smc };
void set_power_conduit(PowerConduit conduit);

/// The context of a thread that waits for interrupts in EL1 for ever.
void init_idle_context(Context& context);

}  // namespace arch

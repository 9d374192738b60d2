// SPDX-License-Identifier: BSD-2-Clause
// Interrupts as capabilities: IRQControl issues one handler per line, the handler names the
// notification that is signalled (sel4-abi 7.6). A line stays masked from its delivery to Ack.
#pragma once

#include "api/invocation.hpp"
#include "cap/cap.hpp"

namespace numbat {

InvocationResult invoke_irq_control(Invocation& invocation);
InvocationResult invoke_irq_handler(Invocation& invocation, IrqHandlerCap cap);
InvocationResult invoke_sgi_signal(SgiSignalCap cap);

/// A device interrupt has been taken from the controller.
void deliver_irq(unsigned irq);
void finalise_irq_handler(unsigned irq);

}  // namespace numbat

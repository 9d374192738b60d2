// SPDX-License-Identifier: BSD-2-Clause
// The general system call entries, which the fast paths fall back to.
#pragma once

#include <cstdint>

#include "abi/syscall.hpp"
#include "cap/slot.hpp"
#include "object/endpoint.hpp"
#include "object/tcb.hpp"

namespace numbat {

/// Any system call of the running thread, whose registers are in its context.
Tcb* general_syscall(abi::Syscall number);
/// Call, and Send or NBSend, on a slot that has been looked up.
Tcb* general_call(Slot& slot);
Tcb* general_yield();
Tcb* general_send(Slot& slot, SendMode mode);

/// The running thread's fault, before a time stamp is taken; null if the general path must deliver
/// it.
Tcb* fast_fault(const Fault& fault);

}  // namespace numbat

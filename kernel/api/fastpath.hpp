// SPDX-License-Identifier: BSD-2-Clause
// The general system call entries, which the fast paths fall back to.
#pragma once

#include <cstdint>

#include "api/invocation.hpp"
#include "object/endpoint.hpp"
#include "object/tcb.hpp"

namespace numbat {

/// How a capability is invoked by each system call.
struct SendMode {
    InvocationKind kind;
    Blocking blocking;
    bool first_phase;  // of a combined call: may donate, some objects are refused
};
inline constexpr SendMode mode_call{InvocationKind::call, Blocking::yes, false};
inline constexpr SendMode mode_send{InvocationKind::send, Blocking::yes, false};
inline constexpr SendMode mode_nb_send{InvocationKind::send, Blocking::no, false};
inline constexpr SendMode mode_first_phase{InvocationKind::send, Blocking::no, true};

/// Any system call of the running thread, whose registers are in its context.
Tcb* general_syscall(std::int64_t number);
/// Call, Send or NBSend on a slot that has been looked up.
Tcb* general_invoke(Slot& slot, SendMode mode);

/// The running thread's fault, before a time stamp is taken; null if the general path must deliver it.
Tcb* fast_fault(const Fault& fault);

}  // namespace numbat

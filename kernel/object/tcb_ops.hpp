// SPDX-License-Identifier: BSD-2-Clause
// What can be done to a thread: the TCB invocations (sel4-abi 7.5), suspend and resume, its end.
// A thread that is not runnable is in no ready or release queue; one that is stopped waits for
// nothing and owns no reply object.
#pragma once

#include "api/invocation.hpp"
#include "cap/cap.hpp"

namespace numbat {

InvocationResult invoke_tcb(Invocation& invocation, TcbCap cap);

/// Stops the thread in whatever state it is.
void suspend(Tcb& thread);
/// Starts a stopped or blocked thread at its restart pc; a blocked system call is done again.
void resume(Tcb& thread);
/// The last capability is gone: everything but the slots inside.
void finalise_tcb(Tcb& thread);
/// A fresh thread in zeroed memory.
void init_tcb(Tcb& thread);

/// Sets a word of abi::UserContext, by index.
void write_register(Tcb& thread, unsigned index, std::uint64_t value);

// The configuring half, in tcb_configure.cpp.
InvocationResult tcb_configure(Invocation& invocation, Tcb& thread);
InvocationResult tcb_set_space(Invocation& invocation, Tcb& thread);
InvocationResult tcb_set_ipc_buffer(Invocation& invocation, Tcb& thread);
InvocationResult tcb_set_priority(Invocation& invocation, Tcb& thread);
InvocationResult tcb_set_mc_priority(Invocation& invocation, Tcb& thread);
InvocationResult tcb_set_sched_params(Invocation& invocation, Tcb& thread);
InvocationResult tcb_set_timeout_endpoint(Invocation& invocation, Tcb& thread);

}  // namespace numbat

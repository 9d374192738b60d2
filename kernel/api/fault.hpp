// SPDX-License-Identifier: BSD-2-Clause
// Faults: what a thread did wrong is stored in its TCB and sent to its handler's endpoint as if the
// thread had called it; the reply says how it goes on (sel4-abi 8).
#pragma once

#include <cstdint>

#include "api/sys_error.hpp"
#include "object/tcb.hpp"

namespace numbat {

enum class Phase : std::uint8_t { send, receive };

/// Each leaves the thread blocked at its handler, or inactive if it has none.
void raise_cap_fault(Tcb& thread, std::uint64_t address, Phase phase, LookupFailure failure);
void raise_fault(Tcb& thread, const Fault& fault);

inline bool has_timeout_handler(const Tcb& thread) {
    return !thread.slot(TcbSlot::timeout_endpoint).empty();
}
/// The context the thread runs on is out of budget; the thread has a timeout handler.
void raise_timeout(Tcb& thread, SchedContext& context);

/// Writes the thread's fault as a message to the receiver; returns the message info.
std::uint64_t write_fault_message(Tcb& thread, Tcb& receiver);
/// Applies the replier's message to a thread that waits with a fault; true if it goes on.
bool apply_fault_reply(Tcb& replier, Tcb& thread);

}  // namespace numbat

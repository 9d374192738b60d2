// SPDX-License-Identifier: BSD-2-Clause
// From a number to the function that carries the call out. An unknown number is answered with
// ENOSYS, never with silence.
#pragma once

#include "proc/process.hpp"
#include "proc/user_call.hpp"

namespace sos::syscall {

proc::UserReply dispatch(proc::Process& process, const proc::UserCall& call);
/// The same, with a trace line for each call that fails.
proc::UserReply dispatch_traced(proc::Process& process, const proc::UserCall& call);

}  // namespace sos::syscall

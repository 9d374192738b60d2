// SPDX-License-Identifier: BSD-2-Clause
// Debug output and the debug system calls (sel4-abi 14). They work in every build. A thread with
// MCP 0 cannot halt, name or list anything, and no argument whatever stops the kernel.
#pragma once

#include <cstdint>

#include "abi/syscall.hpp"
#include "object/tcb.hpp"

namespace numbat {

namespace config {
#ifdef NDEBUG
inline constexpr bool debug = false;
#else
inline constexpr bool debug = true;
#endif
}  // namespace config

/// True if `number` is a debug system call; it has been done.
bool debug_syscall(Tcb& thread, abi::Syscall number);

/// The list of all threads, debug builds only.
const Tcb* debug_first_thread();
void debug_add_thread(Tcb& thread);
void debug_remove_thread(Tcb& thread);
/// A fault that nobody handles, debug builds only.
void debug_report_fault(const Tcb& thread);

}  // namespace numbat

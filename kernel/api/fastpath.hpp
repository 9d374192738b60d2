// SPDX-License-Identifier: BSD-2-Clause
// The general system call entry, which the fast paths fall back to.
#pragma once

#include <cstdint>

#include "object/tcb.hpp"

namespace numbat {

/// Any system call of the running thread, whose registers are in its context.
Tcb* general_syscall(std::int64_t number);

}  // namespace numbat

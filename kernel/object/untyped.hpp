// SPDX-License-Identifier: BSD-2-Clause
// Untyped memory: Retype hands it out from a watermark upwards, and zeroes it when the last child
// is gone and it is used again (sel4-abi 4.7, 7.3). So memory above the watermark of a non-device
// untyped is always zero.
#pragma once

#include "api/invocation.hpp"
#include "cap/cap.hpp"

namespace numbat {

InvocationResult invoke_untyped(Invocation& invocation, UntypedCap cap);

}  // namespace numbat

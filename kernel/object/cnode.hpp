// SPDX-License-Identifier: BSD-2-Clause
// CNode invocations: moving, copying and deleting capabilities (sel4-abi 7.4).
#pragma once

#include "api/invocation.hpp"
#include "cap/cap.hpp"

namespace numbat {

InvocationResult invoke_cnode(Invocation& invocation, CNodeCap cap);

}  // namespace numbat

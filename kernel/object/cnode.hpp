// SPDX-License-Identifier: BSD-2-Clause
// CNode invocations: moving, copying and deleting capabilities (sel4-abi 7.4). Checks come in the
// order of the interface and before any write; a refused invocation has changed no slot.
#pragma once

#include "api/invocation.hpp"
#include "cap/cap.hpp"

namespace numbat {

InvocationResult invoke_cnode(Invocation& invocation, CNodeCap cap);

}  // namespace numbat

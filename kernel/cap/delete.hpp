// SPDX-License-Identifier: BSD-2-Clause
// The end of capabilities: Delete, Revoke, and what the last capability does to its object
// (sel4-abi 4.8).
//
// The last capability to a CNode or TCB becomes a zombie in its own slot: it counts the slots of
// the object ("the container") that are still to be emptied, from the last to the first, so the
// operation can stop at any step and be started again. Containers nest, in any depth and in cycles.
// A container found inside a container that is being deleted is not descended into: its zombie
// moves into its own last slot (what was there takes its place) and is put on a list of pending
// containers, which is worked off before the zombie that was asked for goes away. So every step is
// bounded, and all state is in the slots.
//
//     S: zombie C1 ----> C1: [ . . . E ]     E holds the last cap to C2
//                    C2: [ x . . y ]
//     step: E and C2's last slot are exchanged
//     S: zombie C1 ----> C1: [ . . . y ]     pending -> C2: [ x . . zombie C2 ]
#pragma once

#include "api/invocation.hpp"
#include "cap/slot.hpp"

namespace numbat {

/// Empties the slot.
Outcome delete_slot(Slot& slot);
/// Deletes all descendants of the slot.
Outcome revoke_slot(Slot& slot);
/// Empties a slot of the kernel's own (inside a TCB, an interrupt's target) whose capability, if it
/// is the last one, is of no container. Not preemptible.
void delete_internal_slot(Slot& slot);
/// Would deleting this capability be a long operation (last one of a CNode or TCB, or a zombie)?
bool long_running_delete(const Slot& slot);

}  // namespace numbat

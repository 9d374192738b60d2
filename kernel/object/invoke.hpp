// SPDX-License-Identifier: BSD-2-Clause
// What capabilities do when they are invoked, and what their end means, one function for each kind,
// in the file named after the object; threads and scheduling contexts have headers of their own.
// Each invocation checks in the order of sel4-abi 7 and before any write: a refused one has changed
// nothing.
#pragma once

#include "api/invocation.hpp"
#include "cap/cap.hpp"

namespace numbat {

InvocationResult invoke_untyped(Invocation& invocation, UntypedCap cap);
InvocationResult invoke_cnode(Invocation& invocation, CNodeCap cap);
InvocationResult invoke_domain(Invocation& invocation);
InvocationResult invoke_frame(Invocation& invocation, FrameCap cap);
InvocationResult invoke_page_table(Invocation& invocation, PageTableCap cap);
InvocationResult invoke_vspace(Invocation& invocation, VSpaceCap cap);
InvocationResult invoke_asid_control(Invocation& invocation);
InvocationResult invoke_asid_pool(Invocation& invocation, AsidPoolCap cap);
InvocationResult invoke_irq_control(Invocation& invocation);
InvocationResult invoke_irq_handler(Invocation& invocation, IrqHandlerCap cap);
InvocationResult invoke_sgi_signal(SgiSignalCap cap);

/// A device interrupt has been taken from the controller.
void deliver_irq(unsigned irq);
void finalise_irq_handler(unsigned irq);

/// A capability to a frame goes away: unmaps what it maps.
void finalise_frame(FrameCap cap);
/// The last capability goes away: releases what the object holds.
void finalise_page_table(PageTableCap cap);
void finalise_vspace(VSpaceCap cap);
/// Takes a step's ASIDs from a pool that goes away. True when none is left: then it may end.
bool release_asids(AsidPoolCap cap);
void finalise_asid_pool(AsidPoolCap cap);

/// The capability to a new frame, page table or VSpace in zeroed (or device) memory at `address`.
Cap create_arch_object(abi::ObjectType type, PAddr address, bool device);

}  // namespace numbat

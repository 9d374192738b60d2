// SPDX-License-Identifier: BSD-2-Clause
// Interrupts as capabilities: IRQControl issues one handler per line, the handler names the
// notification that is signalled (sel4-abi 7.6). A line stays masked from its delivery to Ack.
#include "abi/sched.hpp"
#include "arch/contract.hpp"
#include "cap/delete.hpp"
#include "cap/derivation.hpp"
#include "cap/lookup.hpp"
#include "object/invoke.hpp"
#include "object/notification.hpp"

namespace numbat {

namespace {

constexpr unsigned irq_count = abi::max_irq + 1;
constexpr unsigned sgi_count = 16;
constexpr unsigned sgi_targets = 8;

// The notification of each line is an ordinary capability, so revoking it takes it away here too.
constinit Slot targets[irq_count] = {};
constinit bool issued[irq_count] = {};

/// The empty slot for a new capability.
Result<Slot*> decode_slot(const Invocation& invocation, unsigned index) {
    Slot* slot = TRY(find_target_slot(invocation.extra[0]->cap, invocation.mr(index),
                                      invocation.mr(index + 1), LookupSide::destination));
    if (!slot->empty()) return fail::delete_first();
    return slot;
}

Result<unsigned> decode_irq(std::uint64_t irq) {
    if (irq > abi::max_irq) return fail::range(0, abi::max_irq);
    if (issued[irq] || irq == abi::kernel_timer_irq) return fail::revoke_first();
    return static_cast<unsigned>(irq);
}

InvocationResult get(Invocation& invocation, unsigned slot_index) {
    const unsigned irq = TRY(decode_irq(invocation.mr(0)));
    Slot* slot = TRY(decode_slot(invocation, slot_index));
    if (invocation.label == abi::Invocation::irq_control_get_trigger) {
        arch::set_irq_trigger(irq,
                              invocation.mr(1) != 0 ? arch::Trigger::edge : arch::Trigger::level);
    }
    insert_child(*slot, IrqHandlerCap::make(irq), invocation.slot, DerivationFlags::original);
    issued[irq] = true;
    arch::unmask_irq(irq);
    return Outcome::done;
}

InvocationResult issue_sgi_signal(Invocation& invocation, unsigned slot_index) {
    const std::uint64_t irq = invocation.mr(0);
    const std::uint64_t target = invocation.mr(1);
    if (irq >= sgi_count) return fail::range(0, sgi_count - 1);
    if (target >= sgi_targets) return fail::invalid_argument(1);
    Slot* slot = TRY(decode_slot(invocation, slot_index));
    insert_child(*slot,
                 SgiSignalCap::make(static_cast<unsigned>(irq), static_cast<unsigned>(target)),
                 invocation.slot, DerivationFlags::original);
    return Outcome::done;
}

InvocationResult acknowledge(Invocation&, unsigned irq) {
    arch::unmask_irq(irq);
    return Outcome::done;
}

InvocationResult set_notification(Invocation& invocation, unsigned irq) {
    Slot& source = *invocation.extra[0];
    if (!source.cap.is<NotificationCap>() || !source.cap.as<NotificationCap>().can_write()) {
        return fail::invalid_capability(0);
    }
    delete_internal_slot(targets[irq]);
    insert_copy(targets[irq], source.cap, source);
    return Outcome::done;
}

InvocationResult clear(Invocation&, unsigned irq) {
    delete_internal_slot(targets[irq]);
    return Outcome::done;
}

/// In the order of their labels: words and extra capabilities that each needs, and what it does.
constexpr Method<unsigned> handler_methods[] = {
    {0, 0, acknowledge}, {0, 1, set_notification}, {0, 0, clear}};

}  // namespace

InvocationResult invoke_irq_control(Invocation& invocation) {
    using enum abi::Invocation;
    const abi::Invocation label = invocation.label;
    if (label != irq_control_get && label != irq_control_get_trigger &&
        label != irq_control_issue_sgi_signal) {
        return fail::illegal_operation();
    }
    const unsigned slot_index = label == irq_control_get ? 1 : 2;
    if (invocation.is_short(slot_index + 2, 1)) return fail::truncated();
    if (label == irq_control_issue_sgi_signal) return issue_sgi_signal(invocation, slot_index);
    return get(invocation, slot_index);
}

InvocationResult invoke_irq_handler(Invocation& invocation, IrqHandlerCap cap) {
    return run_method(handler_methods, abi::Invocation::irq_handler_ack, invocation, cap.irq());
}

InvocationResult invoke_sgi_signal(SgiSignalCap cap) {
    arch::send_sgi(cap.irq(), cap.target());
    return Outcome::done;
}

void deliver_irq(unsigned irq) {
    // Masked first: a level line must not come again before its driver has seen to it.
    arch::mask_irq(irq);
    if (irq >= irq_count) return;
    const Cap target = targets[irq].cap;
    if (!target.is<NotificationCap>()) return;
    const auto notification = target.as<NotificationCap>();
    signal(notification.object(), notification.badge());
}

void finalise_irq_handler(unsigned irq) {
    delete_internal_slot(targets[irq]);
    arch::mask_irq(irq);
    issued[irq] = false;
}

}  // namespace numbat

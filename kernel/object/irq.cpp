// SPDX-License-Identifier: BSD-2-Clause
#include "object/irq.hpp"

#include "abi/sched.hpp"
#include "arch/contract.hpp"
#include "cap/delete.hpp"
#include "cap/derivation.hpp"
#include "cap/lookup.hpp"
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
    if (!slot->empty()) return Fail(SysError::delete_first());
    return slot;
}

Result<unsigned> decode_irq(std::uint64_t irq) {
    if (irq > abi::max_irq) return Fail(SysError::range(0, abi::max_irq));
    if (issued[irq] || irq == abi::kernel_timer_irq) return Fail(SysError::revoke_first());
    return static_cast<unsigned>(irq);
}

void issue(Invocation& invocation, Slot& slot, unsigned irq) {
    insert_child(slot, IrqHandlerCap::make(irq), invocation.slot, DerivationFlags::original);
    issued[irq] = true;
    arch::unmask_irq(irq);
}

InvocationResult get(Invocation& invocation) {
    if (invocation.length < 3 || invocation.extra_count < 1) return Fail(SysError::truncated());
    const unsigned irq = TRY(decode_irq(invocation.mr(0)));
    Slot* slot = TRY(decode_slot(invocation, 1));
    issue(invocation, *slot, irq);
    return Outcome::done;
}

InvocationResult get_trigger(Invocation& invocation) {
    if (invocation.length < 4 || invocation.extra_count < 1) return Fail(SysError::truncated());
    const unsigned irq = TRY(decode_irq(invocation.mr(0)));
    Slot* slot = TRY(decode_slot(invocation, 2));
    arch::set_irq_trigger(irq, invocation.mr(1) != 0 ? arch::Trigger::edge : arch::Trigger::level);
    issue(invocation, *slot, irq);
    return Outcome::done;
}

InvocationResult issue_sgi_signal(Invocation& invocation) {
    if (invocation.length < 4 || invocation.extra_count < 1) return Fail(SysError::truncated());
    const std::uint64_t irq = invocation.mr(0);
    const std::uint64_t target = invocation.mr(1);
    if (irq >= sgi_count) return Fail(SysError::range(0, sgi_count - 1));
    if (target >= sgi_targets) return Fail(SysError::invalid_argument(1));
    Slot* slot = TRY(decode_slot(invocation, 2));
    insert_child(*slot,
                 SgiSignalCap::make(static_cast<unsigned>(irq), static_cast<unsigned>(target)),
                 invocation.slot, DerivationFlags::original);
    return Outcome::done;
}

InvocationResult set_notification(Invocation& invocation, unsigned irq) {
    if (invocation.extra_count < 1) return Fail(SysError::truncated());
    Slot& source = *invocation.extra[0];
    if (!source.cap.is<NotificationCap>() || !source.cap.as<NotificationCap>().can_write()) {
        return Fail(SysError::invalid_capability(0));
    }
    delete_internal_slot(targets[irq]);
    insert_copy(targets[irq], source.cap, source);
    return Outcome::done;
}

}  // namespace

InvocationResult invoke_irq_control(Invocation& invocation) {
    switch (invocation.label) {
        case abi::Invocation::irq_control_get:
            return get(invocation);
        case abi::Invocation::irq_control_get_trigger:
            return get_trigger(invocation);
        case abi::Invocation::irq_control_issue_sgi_signal:
            return issue_sgi_signal(invocation);
        default:
            return Fail(SysError::illegal_operation());
    }
}

InvocationResult invoke_irq_handler(Invocation& invocation, IrqHandlerCap cap) {
    const unsigned irq = cap.irq();
    switch (invocation.label) {
        case abi::Invocation::irq_handler_ack:
            arch::unmask_irq(irq);
            return Outcome::done;
        case abi::Invocation::irq_handler_set_notification:
            return set_notification(invocation, irq);
        case abi::Invocation::irq_handler_clear:
            delete_internal_slot(targets[irq]);
            return Outcome::done;
        default:
            return Fail(SysError::illegal_operation());
    }
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

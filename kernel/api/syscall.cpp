// SPDX-License-Identifier: BSD-2-Clause
// The entries of the kernel: system calls, interrupts, faults. Each takes a time stamp, does its
// work, and lets the scheduler decide who goes on.
#include "abi/syscall.hpp"
#include "abi/message_info.hpp"
#include "api/debug.hpp"
#include "api/fastpath.hpp"
#include "api/fault.hpp"
#include "api/invocation.hpp"
#include "api/message.hpp"
#include "arch/contract.hpp"
#include "cap/lookup.hpp"
#include "check/invariants.hpp"
#include "object/endpoint.hpp"
#include "object/invoke.hpp"
#include "object/notification.hpp"
#include "object/reply.hpp"
#include "object/sched_context.hpp"
#include "object/tcb_ops.hpp"
#include "sched/scheduler.hpp"

namespace numbat {

namespace {

/// Objects that the first phase of a combined call refuses.
bool refused_in_first_phase(CapTag tag) {
    return tag == CapTag::tcb || tag == CapTag::domain || tag == CapTag::cnode ||
           tag == CapTag::sched_control || tag == CapTag::sched_context;
}

// Endpoint, notification and reply capabilities ignore the label.

InvocationResult invoke_endpoint(Tcb& caller, EndpointCap cap, SendMode mode) {
    if (!cap.can_write()) return fail::invalid_capability(0);
    send_message(caller, cap, mode);
    return Outcome::done;
}

InvocationResult invoke_notification(NotificationCap cap) {
    if (!cap.can_write()) return fail::invalid_capability(0);
    signal(cap.object(), cap.badge());
    return Outcome::done;
}

InvocationResult invoke_reply(Tcb& caller, ReplyCap cap) {
    answer(caller, cap.object(), cap.can_grant());
    return Outcome::done;
}

[[gnu::always_inline]] inline InvocationResult invoke_object(Invocation& invocation, Cap cap,
                                                             SendMode mode) {
    switch (cap.tag()) {
        case CapTag::untyped:
            return invoke_untyped(invocation, cap.as<UntypedCap>());
        case CapTag::frame:
            return invoke_frame(invocation, cap.as<FrameCap>());
        case CapTag::page_table:
            return invoke_page_table(invocation, cap.as<PageTableCap>());
        case CapTag::vspace:
            return invoke_vspace(invocation, cap.as<VSpaceCap>());
        case CapTag::asid_control:
            return invoke_asid_control(invocation);
        case CapTag::asid_pool:
            return invoke_asid_pool(invocation, cap.as<AsidPoolCap>());
        case CapTag::endpoint:
            return invoke_endpoint(invocation.caller, cap.as<EndpointCap>(), mode);
        case CapTag::notification:
            return invoke_notification(cap.as<NotificationCap>());
        case CapTag::reply:
            return invoke_reply(invocation.caller, cap.as<ReplyCap>());
        case CapTag::cnode:
            return invoke_cnode(invocation, cap.as<CNodeCap>());
        case CapTag::tcb:
            return invoke_tcb(invocation, cap.as<TcbCap>());
        case CapTag::sched_context:
            return invoke_sched_context(invocation, cap.as<SchedContextCap>());
        case CapTag::sched_control:
            return invoke_sched_control(invocation);
        case CapTag::irq_control:
            return invoke_irq_control(invocation);
        case CapTag::irq_handler:
            return invoke_irq_handler(invocation, cap.as<IrqHandlerCap>());
        case CapTag::sgi_signal:
            return invoke_sgi_signal(cap.as<SgiSignalCap>());
        case CapTag::domain:
            return invoke_domain(invocation);
        case CapTag::null:
        case CapTag::zombie:
            return fail::invalid_capability(0);
        default:
            __builtin_unreachable();  // no capability is of another kind
    }
}

/// A capability could not be looked up: a fault for the blocking calls, nothing for the others.
void lookup_failed(Tcb& caller, SendMode mode, std::uint64_t address, LookupFailure failure) {
    if (mode.has(SendMode::blocking)) raise_cap_fault(caller, address, Phase::send, failure);
}

/// The words and capabilities beyond the registers; false if a capability was not found.
[[gnu::always_inline]] inline bool decode_buffer(Invocation& invocation, abi::MessageInfo info,
                                                 SendMode mode) {
    Tcb& caller = invocation.caller;
    invocation.buffer = ipc_buffer_of(caller, BufferUse::send);
    if (invocation.buffer == nullptr) {
        invocation.length = std::min<std::uint64_t>(invocation.length, abi::message_registers);
        return true;
    }
    const auto count = static_cast<std::uint8_t>(info.extra_caps());
    for (unsigned i = 0; i < count; ++i) {
        const std::uint64_t address = invocation.buffer->caps_or_badges[i];
        const auto found = lookup_slot(caller, address);
        if (!found) [[unlikely]] {
            lookup_failed(caller, mode, address, found.error());
            return false;
        }
        invocation.extra[i] = *found;
    }
    invocation.extra_count = count;
    return true;
}

[[gnu::always_inline]] inline Outcome commit_result(const Invocation& invocation,
                                                    const InvocationResult& result) {
    Tcb& caller = invocation.caller;
    if (result == Outcome::preempted) [[unlikely]] {
        // The pending interrupt is taken on the way out, the system call is done again after it.
        caller.context.next_pc = caller.context.restart_pc;
        return Outcome::preempted;
    }
    caller.cache_progress = 0;
    if (!result) [[unlikely]] {
        if (invocation.is_call()) reply_error(caller, result.error());
        return Outcome::done;
    }
    // A thread that has stopped itself will do its system call again; one that has sent a message
    // is answered by somebody else.
    if (invocation.is_call() && caller.runnable()) {
        caller.context.x[0] = 0;
        caller.context.x[1] = abi::MessageInfo::make(0, invocation.result_count).word;
    }
    return Outcome::done;
}

[[gnu::always_inline]] inline Outcome invoke_slot(Tcb& caller, Slot& slot, SendMode mode) {
    const abi::MessageInfo info{caller.context.x[1]};
    const Cap cap = slot.cap;
    Invocation invocation(caller, slot, static_cast<abi::Invocation>(info.label()),
                          message_length(info),
                          mode.has(SendMode::call) ? InvocationKind::call : InvocationKind::send);
    if ((info.extra_caps() != 0 || invocation.length > abi::message_registers) &&
        !decode_buffer(invocation, info, mode)) {
        return Outcome::done;
    }
    if (mode.has(SendMode::first_phase) && refused_in_first_phase(cap.tag())) return Outcome::done;
    return commit_result(invocation, invoke_object(invocation, cap, mode));
}

/// The system calls that send, Call aside.
[[gnu::noinline]] Outcome send_to_slot(Tcb& caller, Slot& slot, SendMode mode) {
    return invoke_slot(caller, slot, mode);
}

Outcome invoke(Tcb& caller, std::uint64_t address, SendMode mode) {
    const auto found = lookup_slot(caller, address);
    if (!found) [[unlikely]] {
        lookup_failed(caller, mode, address, found.error());
        return Outcome::done;
    }
    return send_to_slot(caller, **found, mode);
}

enum class WithReply : std::uint8_t { no, yes };

void receive_failed(Tcb& thread, std::uint64_t address, LookupFailure failure) {
    raise_cap_fault(thread, address, Phase::receive, failure);
}

void receive(Tcb& thread, std::uint64_t address, Blocking blocking, WithReply with_reply,
             std::uint64_t reply_address) {
    const auto found = lookup_slot(thread, address);
    if (!found) [[unlikely]]
        return receive_failed(thread, address, found.error());
    const Cap cap = (*found)->cap;
    if (cap.is<EndpointCap>() && cap.as<EndpointCap>().can_read()) {
        Reply* reply = nullptr;
        if (with_reply == WithReply::yes) {
            const auto reply_slot = lookup_slot(thread, reply_address);
            if (!reply_slot) return receive_failed(thread, reply_address, reply_slot.error());
            if (!(*reply_slot)->cap.is<ReplyCap>()) {
                return receive_failed(thread, reply_address, LookupFailure::missing_capability(0));
            }
            reply = &(*reply_slot)->cap.as<ReplyCap>().object();
        }
        return receive_message(thread, cap.as<EndpointCap>(), blocking, reply);
    }
    if (cap.is<NotificationCap>() && cap.as<NotificationCap>().can_read()) {
        Notification& notification = cap.as<NotificationCap>().object();
        if (notification.bound_tcb == nullptr || notification.bound_tcb == &thread) {
            return wait(thread, notification, blocking);
        }
    }
    receive_failed(thread, address, LookupFailure::missing_capability(0));
}

/// A combined call: non-blocking send, then receive, in one entry.
void send_then_receive(Tcb& thread, std::uint64_t send_address, WithReply with_reply) {
    const arch::Context& context = thread.context;
    if (invoke(thread, send_address, mode_first_phase) == Outcome::preempted) return;
    receive(thread, context.x[0], Blocking::yes, with_reply, context.x[6]);
}

void dispatch(Tcb& thread, abi::Syscall number) {
    const arch::Context& context = thread.context;
    switch (number) {
        case abi::Syscall::call:
            invoke(thread, context.x[0], mode_call);
            return;
        case abi::Syscall::reply_recv:
            return send_then_receive(thread, context.x[6], WithReply::yes);
        case abi::Syscall::nb_send_recv:
            return send_then_receive(thread, context.x[8], WithReply::yes);
        case abi::Syscall::nb_send_wait:
            return send_then_receive(thread, context.x[6], WithReply::no);
        case abi::Syscall::send:
            invoke(thread, context.x[0], mode_send);
            return;
        case abi::Syscall::nb_send:
            invoke(thread, context.x[0], mode_nb_send);
            return;
        case abi::Syscall::recv:
            return receive(thread, context.x[0], Blocking::yes, WithReply::yes, context.x[6]);
        case abi::Syscall::nb_recv:
            return receive(thread, context.x[0], Blocking::no, WithReply::yes, context.x[6]);
        case abi::Syscall::wait:
            return receive(thread, context.x[0], Blocking::yes, WithReply::no, 0);
        case abi::Syscall::nb_wait:
            return receive(thread, context.x[0], Blocking::no, WithReply::no, 0);
        default:
            return raise_fault(thread, {.kind = FaultKind::unknown_syscall,
                                        .first = static_cast<std::uint64_t>(number)});
    }
}

/// Too little budget is left: what was to be done is done again later.
Tcb* restart_later() {
    core.current->state = ThreadState::restart;
    end_of_budget(TimeoutFault::allowed);
    return schedule();
}

Tcb* fault_entry(const Fault& fault) {
    if (Tcb* next = fast_fault(fault)) [[likely]]
        return next;
    // Only now: between two time stamps any time may pass, and the last one must have found enough
    // budget before it is charged.
    if (!take_time_stamp()) [[unlikely]]
        return restart_later();
    raise_fault(*core.current, fault);
    return finish_entry();
}

}  // namespace

[[gnu::noinline]] Tcb* general_syscall(abi::Syscall number) {
    Tcb& thread = *core.current;
    if (static_cast<std::int64_t>(number) < abi::first_api_syscall && debug_syscall(thread, number))
        return &thread;
    if (!take_time_stamp()) [[unlikely]]
        return restart_later();
    dispatch(thread, number);
    return finish_entry();
}

[[gnu::noinline]] Tcb* general_yield() {
    if (!take_time_stamp()) [[unlikely]]
        return restart_later();
    yield_current();
    return schedule();
}

[[gnu::noinline]] Tcb* general_call(Slot& slot) {
    if (!take_time_stamp()) [[unlikely]]
        return restart_later();
    invoke_slot(*core.current, slot, mode_call);
    return finish_entry();
}

[[gnu::noinline]] Tcb* general_send(Slot& slot, SendMode mode) {
    if (!take_time_stamp()) [[unlikely]]
        return restart_later();
    send_to_slot(*core.current, slot, mode);
    return finish_entry();
}

}  // namespace numbat

using namespace numbat;

namespace {

Tcb* take_interrupt() {
    const unsigned irq = arch::acknowledge_irq();
    if (irq == arch::no_irq) return core.current;
    if (!take_time_stamp()) [[unlikely]]
        end_of_budget(TimeoutFault::allowed);
    if (irq == abi::kernel_timer_irq) {
        core.set_timer = true;
    } else {
        deliver_irq(irq);
    }
    arch::end_irq(irq);
    return finish_entry();
}

}  // namespace

extern "C" Tcb* kernel_irq() {
    return check::at_exit(take_interrupt());
}

extern "C" Tcb* kernel_vm_fault(std::uint64_t address, std::uint64_t status, bool instruction) {
    return check::at_exit(fault_entry({.kind = FaultKind::vm,
                                       .flag = instruction,
                                       .first = address,
                                       .second = status & 0xffff'ffff}));
}

extern "C" Tcb* kernel_user_exception(std::uint64_t number) {
    return check::at_exit(
        fault_entry({.kind = FaultKind::user_exception, .first = number & 0xffff'ffff}));
}

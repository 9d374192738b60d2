// SPDX-License-Identifier: BSD-2-Clause
#include "object/sched_context.hpp"

#include "abi/message_info.hpp"
#include "object/notification.hpp"
#include "object/reply.hpp"
#include "sched/scheduler.hpp"

namespace numbat {

namespace {

InvocationResult bind(Invocation& invocation, SchedContext& context) {
    const Cap cap = invocation.extra[0]->cap;
    if (cap.is<TcbCap>()) {
        Tcb& thread = cap.as<TcbCap>().object();
        TRY(check_bind(context, thread));
        bind_tcb(context, thread);
        return Outcome::done;
    }
    if (!cap.is<NotificationCap>()) return fail::invalid_capability(1);
    Notification& notification = cap.as<NotificationCap>().object();
    if (context.notification != nullptr || notification.sched_context != nullptr) {
        return fail::illegal_operation();
    }
    context.notification = &notification;
    notification.sched_context = &context;
    return Outcome::done;
}

InvocationResult unbind(Invocation&, SchedContext& context) {
    if (context.tcb == core.current) return fail::illegal_operation();
    if (context.tcb != nullptr) unbind_tcb(context);
    unbind_sched_notification(context);
    detach_chain(context);
    return Outcome::done;
}

InvocationResult unbind_object(Invocation& invocation, SchedContext& context) {
    const Cap cap = invocation.extra[0]->cap;
    if (cap.is<TcbCap>()) {
        const Tcb& thread = cap.as<TcbCap>().object();
        if (context.tcb != &thread || &thread == core.current) return fail::illegal_operation();
        unbind_tcb(context);
        return Outcome::done;
    }
    if (!cap.is<NotificationCap>()) return fail::invalid_capability(1);
    if (context.notification != &cap.as<NotificationCap>().object()) {
        return fail::illegal_operation();
    }
    unbind_sched_notification(context);
    return Outcome::done;
}

InvocationResult yield_to(Invocation& invocation, SchedContext& context) {
    Tcb* const target = context.tcb;
    Tcb& caller = invocation.caller;
    if (target == nullptr || target == &caller || target->priority > caller.mcp) {
        return fail::illegal_operation();
    }
    if (context.yield_from != nullptr) complete_yield(*context.yield_from);
    if (!check_budget_or_postpone(context)) {
        invocation.result(0, take_consumed(context));
        return Outcome::done;
    }
    dequeue(*target);
    if (target->priority < caller.priority) {
        core.ready.push_front(*target);
        invocation.result(0, take_consumed(context));
        return Outcome::done;
    }
    // The result is written when the caller runs again; until then it waits behind the target.
    if (invocation.is_call()) {
        caller.yield_to = &context;
        context.yield_from = &caller;
        invocation.kind = InvocationKind::send;
    }
    core.ready.push_front(caller);
    core.ready.push_front(*target);
    reschedule();
    return Outcome::done;
}

InvocationResult consumed(Invocation& invocation, SchedContext& context) {
    invocation.result(0, take_consumed(context));
    return Outcome::done;
}

/// In the order of their labels: words and extra capabilities that each needs, and what it does.
constexpr Method<SchedContext&> methods[] = {
    {0, 1, bind}, {0, 0, unbind}, {0, 1, unbind_object}, {0, 0, consumed}, {0, 0, yield_to},
};

}  // namespace

Result<void> check_bind(const SchedContext& context, const Tcb& thread) {
    if (context.tcb != nullptr || thread.sched_context != nullptr) return fail::illegal_operation();
    if (thread.blocked() && !(context.active() && refill::ready(context, core.now))) {
        return fail::illegal_operation();
    }
    return {};
}

void bind_tcb(SchedContext& context, Tcb& thread) {
    context.tcb = &thread;
    thread.sched_context = &context;
    if (context.active() && context.sporadic && !context.round_robin()) {
        refill::unblock(context, core.now);
    }
    if (&thread == core.current || !check_budget_or_postpone(context)) return;
    core.ready.push_front(thread);
    reschedule();
}

void unbind_tcb(SchedContext& context) {
    Tcb& thread = *context.tcb;
    if (context.yield_from != nullptr) complete_yield(*context.yield_from);
    dequeue(thread);
    context.tcb = nullptr;
    thread.sched_context = nullptr;
    stop_if_current(thread);
}

void unbind_sched_notification(SchedContext& context) {
    if (context.notification == nullptr) return;
    context.notification->sched_context = nullptr;
    context.notification = nullptr;
}

void donate(SchedContext& context, Tcb& thread) {
    if (Tcb* from = context.tcb) {
        if (from->queued_in != QueuedIn::ipc) dequeue(*from);
        from->sched_context = nullptr;
        if (from->runnable()) stop_if_current(*from);
    }
    context.tcb = &thread;
    thread.sched_context = &context;
}

std::uint64_t take_consumed(SchedContext& context) {
    const Ticks in_slice = refill::used_of_slice(context);
    return abi::ticks_to_us(std::exchange(context.consumed, -in_slice) + in_slice);
}

void complete_yield(Tcb& yielder) {
    SchedContext& context = *yielder.yield_to;
    yielder.yield_to = nullptr;
    context.yield_from = nullptr;
    yielder.context.set_mr(0, take_consumed(context));
    yielder.context.x[0] = 0;
    yielder.context.x[1] = abi::MessageInfo::make(0, 1).word;
}

void finalise_sched_context(SchedContext& context) {
    if (context.yield_from != nullptr) complete_yield(*context.yield_from);
    if (context.tcb != nullptr) unbind_tcb(context);
    unbind_sched_notification(context);
    detach_chain(context);
    context.refill_max = 0;
    context.always_ready = false;
}

InvocationResult invoke_sched_context(Invocation& invocation, SchedContextCap cap) {
    return run_method(methods, abi::Invocation::sched_context_bind, invocation, cap.object());
}

InvocationResult invoke_sched_control(Invocation& invocation) {
    if (invocation.label != abi::Invocation::sched_control_configure_flags) {
        return fail::illegal_operation();
    }
    if (invocation.is_short(5, 1)) return fail::truncated();
    const std::uint64_t budget_us = invocation.mr(0);
    const std::uint64_t period_us = invocation.mr(1);
    const std::uint64_t extra_refills = invocation.mr(2);
    for (const std::uint64_t us : {budget_us, period_us}) {
        if (us > abi::max_period_us || abi::us_to_ticks(us) < refill::min_budget) {
            return fail::range(abi::min_budget_us, abi::max_period_us);
        }
    }
    const Ticks budget = abi::us_to_ticks(budget_us);
    const Ticks period = abi::us_to_ticks(period_us);
    if (budget > period) return fail::range(abi::min_budget_us, period_us);
    const Cap cap = invocation.extra[0]->cap;
    if (!cap.is<SchedContextCap>()) return fail::invalid_capability(1);
    const std::uint64_t room = max_refills(cap.as<SchedContextCap>().size_bits());
    if (extra_refills > room - 2) return fail::range(0, room - 2);

    SchedContext& context = cap.as<SchedContextCap>().object();
    if (&context == core.current_context) commit_time();
    Tcb* const thread = context.tcb;
    if (thread != nullptr && thread->queued_in == QueuedIn::release) dequeue(*thread);
    const bool round_robin = budget == period;
    const refill::Parameters parameters{
        .budget = budget,
        .period = round_robin ? 0 : period,
        .refill_max = round_robin ? 2 : static_cast<std::uint32_t>(2 + extra_refills)};
    if (!round_robin && context.active() && thread != nullptr && thread->runnable()) {
        refill::update(context, parameters, core.now);
    } else {
        refill::reset(context, parameters, core.now);
    }
    context.sporadic = (invocation.mr(4) & abi::sched_flags::sporadic) != 0;
    context.badge = invocation.mr(3);
    if (thread == nullptr) return Outcome::done;
    const bool may_run = check_budget_or_postpone(context);
    if (thread == core.current) {
        // The deadline follows the new budget at once.
        core.set_timer = true;
        stop_current();
    } else if (may_run) {
        consider(*thread);
    }
    return Outcome::done;
}

}  // namespace numbat

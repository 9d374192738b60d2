// SPDX-License-Identifier: BSD-2-Clause
#include "sched/scheduler.hpp"

#include "api/debug.hpp"
#include "api/fault.hpp"
#include "object/endpoint.hpp"
#include "object/notification.hpp"

namespace numbat {

constinit Core core{};

namespace {

constinit SchedContext idle_context{};

/// Moves a runnable thread to the release queue.
void postpone(Tcb& thread) {
    dequeue(thread);
    core.release.insert(thread);
    if (core.release.first() == &thread) core.set_timer = true;
    stop_if_current(thread);
}

void end_of_slice(TimeoutFault fault) {
    Tcb& thread = *core.current;
    SchedContext& context = *core.current_context;
    core.set_timer = true;
    if (!context.round_robin() && fault == TimeoutFault::allowed && has_timeout_handler(thread)) {
        raise_timeout(thread, context);
    } else if (refill::ready(context, core.now)) {
        // Nobody to give the processor to, and nobody about to come: no need to queue.
        if (core.decision == Decision::keep && core.release.next_time() > core.now &&
            core.ready.none_from(thread.priority)) {
            return;
        }
        core.ready.push_back(thread);
    } else {
        core.release.insert(thread);
    }
    reschedule();
}

void wake_released() {
    while (core.release.next_time() <= core.now) {
        Tcb& thread = *core.release.first();
        core.release.remove(thread);
        core.set_timer = true;
        consider(thread);
    }
}

Tcb& take_first_ready() {
    Tcb* const first = core.ready.take_first();
    return first == nullptr ? *core.idle : *first;
}

Tcb& decide_with_candidate(Tcb& candidate) {
    Tcb& current = *core.current;
    if (schedulable(current)) {
        // Nothing in the queues is above the running thread: it was chosen, and only the
        // candidate has come since.
        if (candidate.priority > current.priority) {
            core.ready.push_front(current);
            return candidate;
        }
        if (candidate.priority == current.priority) {
            core.ready.push_back(candidate);
        } else {
            core.ready.push_front(candidate);
        }
        return current;
    }
    if (core.ready.none_above(candidate.priority)) return candidate;
    core.ready.push_front(candidate);
    return take_first_ready();
}

Tcb& decide() {
    const Decision decision = core.decision;
    core.decision = Decision::keep;
    if (decision == Decision::candidate) {
        Tcb& candidate = *core.candidate;
        core.candidate = nullptr;
        return decide_with_candidate(candidate);
    }
    Tcb& current = *core.current;
    if (schedulable(current) && current.queued_in == QueuedIn::none) {
        if (core.ready.none_above(current.priority)) return current;
        core.ready.push_front(current);
    }
    return take_first_ready();
}

void switch_context(Tcb& next) {
    SchedContext& context = *next.sched_context;
    if (&context == core.current_context && !core.set_timer) return;
    commit_time();
    if (&context != core.current_context) {
        core.current_context = &context;
        if (!context.round_robin() && !context.sporadic) {
            refill::unblock(context, core.now);
        }
    }
    core.set_timer = false;
    set_timer_for(context, refill::head(context).amount);
}

}  // namespace

bool enough_budget() {
    if (core.release.next_time() <= core.now) core.set_timer = true;
    return refill::sufficient(*core.current_context, core.now - core.charged_until);
}

void commit_time() {
    const Ticks used = take_pending_time();
    SchedContext& context = *core.current_context;
    if (!context.active()) return;
    if (context.round_robin()) [[likely]]
        return refill::consume_round_robin(context, used);
    context.consumed += used;
    refill::charge(context, used);
}

void end_of_budget(TimeoutFault fault) {
    const Ticks used = take_pending_time();
    SchedContext& context = *core.current_context;
    if (!context.active()) return;
    if (context.round_robin()) {
        refill::restart_round_robin(context);
    } else {
        refill::charge(context, used);
    }
    context.consumed += used;
    end_of_slice(fault);
}

void yield_current() {
    SchedContext& context = *core.current_context;
    context.consumed += take_pending_time();
    if (context.round_robin()) {
        refill::restart_round_robin(context);
    } else {
        refill::charge(context, refill::head(context).amount);
    }
    end_of_slice(TimeoutFault::never);
}

void queue_candidate() {
    core.ready.push_front(*core.candidate);
    core.candidate = nullptr;
}

void consider(Tcb& thread) {
    if (&thread == core.current) return;
    if (thread.queued_in == QueuedIn::ready) {
        if (thread.priority > core.current->priority || !schedulable(*core.current)) reschedule();
        return;
    }
    if (core.candidate == &thread) return;
    if (core.decision == Decision::keep) {
        core.decision = Decision::candidate;
        core.candidate = &thread;
        return;
    }
    reschedule();
    core.ready.push_front(thread);
}

void wake(Tcb& thread) {
    SchedContext* context = thread.sched_context;
    if (context == nullptr || !context->active()) return;
    if (context != core.current_context && !context->round_robin()) {
        if (context->sporadic) refill::unblock(*context, core.now);
        if (!refill::ready(*context, core.now)) {
            if (thread.queued_in != QueuedIn::release) postpone(thread);
            return;
        }
    }
    if (thread.queued_in == QueuedIn::release) core.release.remove(thread);
    consider(thread);
}

bool check_budget_or_postpone(SchedContext& context) {
    Tcb* thread = context.tcb;
    if (thread == nullptr || !schedulable(*thread)) return false;
    if (refill::ready(context, core.now) && refill::sufficient(context, 0)) return true;
    postpone(*thread);
    return false;
}

void dequeue(Tcb& thread) {
    if (thread.queued_in == QueuedIn::ready) {
        core.ready.remove(thread);
    } else if (thread.queued_in == QueuedIn::release) {
        core.release.remove(thread);
        core.set_timer = true;
    } else if (core.candidate == &thread) {
        core.candidate = nullptr;
        core.decision = Decision::choose;
    }
}

void set_priority(Tcb& thread, std::uint8_t priority) {
    if (thread.queued_in == QueuedIn::ready) {
        core.ready.remove(thread);
        thread.priority = priority;
        core.ready.push_front(thread);
        reschedule();
        return;
    }
    thread.priority = priority;
    if (&thread == core.current) {
        reschedule();
    } else if (thread.state == ThreadState::blocked_on_notification) {
        thread.blocked_notification->reorder(thread);
    } else if (thread.state == ThreadState::blocked_on_send ||
               thread.state == ThreadState::blocked_on_receive) {
        thread.blocked_endpoint->reorder(thread);
    }
}

void requeue(Tcb& thread) {
    if (thread.queued_in == QueuedIn::ready) {
        core.ready.remove(thread);
        core.ready.push_front(thread);
    }
    stop_if_current(thread);
}

Tcb* schedule() {
    if (core.release.next_time() <= core.now) [[unlikely]]
        wake_released();
    if (core.decision == Decision::keep && !core.set_timer) return core.current;

    Tcb* const previous = core.current;
    Tcb& next = core.decision == Decision::keep ? *previous : decide();
    core.current = &next;
    switch_context(next);
    // The idle thread runs in EL1 and touches no memory: any address space will do.
    if (&next == core.idle) return &next;
    if (&next != previous) arch::switch_to(next);
    if (next.state == ThreadState::restart) {
        next.context.next_pc = next.context.restart_pc;
        next.state = ThreadState::running;
    }
    if (next.yield_to != nullptr) complete_yield(next);
    return &next;
}

void init_core(Tcb& idle_thread) {
    // Endless: not being active, it is never charged.
    idle_context.refills[0] = {.time = 0, .amount = base::bit(62)};
    idle_context.reserve = 1;
    idle_context.tcb = &idle_thread;
    idle_thread.sched_context = &idle_context;
    idle_thread.state = ThreadState::idle;
    core.idle = &idle_thread;
    core.current = &idle_thread;
    core.current_context = &idle_context;
    core.now = core.charged_until = arch::current_ticks();
}

void start_root_thread(Tcb& thread, SchedContext& context) {
    core.now = arch::current_ticks();
    debug_add_thread(thread);
    thread.priority = abi::max_priority;
    thread.mcp = abi::max_priority;
    thread.state = ThreadState::running;
    refill::reset(
        context,
        {.budget = abi::us_to_ticks(abi::boot_time_slice_us), .period = 0, .refill_max = 2},
        core.now);
    context.tcb = &thread;
    thread.sched_context = &context;
    core.ready.push_front(thread);
    reschedule();
}

}  // namespace numbat

// SPDX-License-Identifier: BSD-2-Clause
// The scheduler: which thread runs, on whose time (sel4-abi 10).
//
// During one kernel entry objects only note what changed: a thread became runnable (wake), the
// running one stopped (reschedule). schedule() decides once, at the end. The running thread is in
// no queue; a woken thread may be held as `candidate` without being queued, which saves the queue
// operations of the usual case, a direct switch.
//
// Time is charged to `current_context`, up to `charged_until` when the context last changed or the
// timer was last set; what has passed since is pending. The usual entry only compares its time
// stamp with `quiet_until`: the last moment at which enough budget is left and nobody's budget is
// to be released. It is computed where the timer is set, since it changes when the timer does.
#pragma once

#include <algorithm>

#include "arch/contract.hpp"
#include "sched/ready_queue.hpp"
#include "sched/refill.hpp"
#include "sched/release_queue.hpp"

namespace numbat {

enum class Decision : std::uint8_t {
    keep,       // the running thread goes on
    candidate,  // a woken thread competes with it
    choose,     // look at the queues
};

struct Core {
    Tcb* current;
    SchedContext* current_context;
    Tcb* candidate;
    Ticks now;  // time stamp of this kernel entry
    Ticks charged_until;
    Ticks quiet_until;
    Decision decision : 8;
    bool set_timer : 8;  // the deadline may have changed; tested together with `decision`
    Tcb* idle;
    ReadyQueues ready;
    ReleaseQueue release;
};
extern constinit Core core;

/// Takes a time stamp; true if nothing has become due.
[[gnu::always_inline]] inline bool take_quiet_time_stamp() {
    const Ticks time = arch::current_ticks();
    core.now = time;
    return time <= core.quiet_until;
}

/// What may be due: released threads, which are for the end of the entry, or the running thread's
/// budget; false if too little of it is left.
bool enough_budget();

/// Takes a time stamp; false if the running thread has too little budget left to do anything.
[[gnu::always_inline]] inline bool take_time_stamp() {
    return take_quiet_time_stamp() || enough_budget();
}

/// The pending time, which counts as charged from here on.
[[gnu::always_inline]] inline Ticks take_pending_time() {
    const Ticks used = core.now - core.charged_until;
    core.charged_until = core.now;
    return used;
}

/// After a change of the current context or of what is left of its head refill; no time is pending.
[[gnu::always_inline]] inline void set_timer_for(const SchedContext& context, Ticks left) {
    const Ticks due = std::min(core.now + left, core.release.next_time());
    core.quiet_until = due - context.reserve;
    arch::set_deadline(due);
}

/// The running thread is out of budget: charge, then fault, queue at the tail or postpone.
enum class TimeoutFault : std::uint8_t { never, allowed };
void end_of_budget(TimeoutFault fault);
/// Yield: the rest of the head refill is given up.
void yield_current();
/// Takes the pending time from the current context's refills.
void commit_time();

/// Runnable, with an active context, and not waiting for budget.
inline bool schedulable(const Tcb& thread) {
    return thread.runnable() && thread.sched_context != nullptr && thread.sched_context->active() &&
           thread.queued_in != QueuedIn::release;
}

void queue_candidate();
/// The decision must be made anew.
inline void reschedule() {
    if (core.decision == Decision::candidate) [[unlikely]]
        queue_candidate();
    core.decision = Decision::choose;
}
/// A schedulable thread that is not running may deserve the CPU.
void consider(Tcb& thread);
/// The thread has become runnable: considers it, or postpones it, if it has time of its own.
void wake(Tcb& thread);
/// Puts a runnable thread without ready budget into the release queue. True if it has budget.
bool check_budget_or_postpone(SchedContext& context);
/// Takes the thread out of the ready or release queue (not IPC queues), or as candidate.
void dequeue(Tcb& thread);
/// The running thread cannot go on. A candidate remains one.
inline void stop_current() {
    if (core.decision == Decision::keep) core.decision = Decision::choose;
}
inline void stop_if_current(const Tcb& thread) {
    if (&thread == core.current) stop_current();
}
void set_priority(Tcb& thread, std::uint8_t priority);
/// Moves a ready thread to the head of its priority (DomainSet_Set).
void requeue(Tcb& thread);

/// Decides, switches, programs the timer. Returns the thread to resume.
Tcb* schedule();

/// The end of a kernel entry that has taken a time stamp: most change nothing.
[[gnu::always_inline]] inline Tcb* finish_entry() {
    if (core.decision == Decision::keep && !core.set_timer) [[likely]]
        return core.current;
    return schedule();
}

/// Long operations ask after each step; true: stop here, the operation will be started again.
inline bool preemption_requested() {
    return arch::irq_pending();
}

}  // namespace numbat

// SPDX-License-Identifier: BSD-2-Clause
#include "check/invariants.hpp"

#include "api/debug.hpp"
#include "base/assert.hpp"
#include "object/endpoint.hpp"
#include "object/notification.hpp"
#include "object/reply.hpp"
#include "object/sched_context.hpp"
#include "sched/scheduler.hpp"

#define REQUIRE(condition, text)       \
    do {                               \
        if (!(condition)) return text; \
    } while (false)

namespace numbat::check {

namespace {

constinit std::uint64_t interval = 0;
constinit std::uint64_t exits_left = 0;

// ---- queues ----

/// A doubly linked queue whose threads all say that they are in `where`, each as `fits` wants.
template <typename Fits>
const char* check_queue(const TcbQueue& queue, QueuedIn where, Fits&& fits) {
    const Tcb* previous = nullptr;
    std::uint64_t count = 0;
    for (const Tcb* thread = queue.head; thread != nullptr; thread = thread->queue.next) {
        REQUIRE(thread->queue.previous == previous, "queue: a link back is wrong");
        REQUIRE(thread->queued_in == where, "queue: a thread does not know that it is in it");
        if (const char* broken = fits(*thread, previous)) return broken;
        previous = thread;
        REQUIRE(++count < list_limit, "queue: a cycle");
    }
    REQUIRE(queue.tail == previous, "queue: the tail is not the last");
    return nullptr;
}

const char* check_waiters(const TcbQueue& queue, auto&& waits_here) {
    return check_queue(
        queue, QueuedIn::ipc, [&](const Tcb& thread, const Tcb* previous) -> const char* {
            REQUIRE(waits_here(thread), "queue of waiters: a thread waits for something else");
            REQUIRE(previous == nullptr || previous->priority >= thread.priority,
                    "queue of waiters: not ordered by priority");
            return nullptr;
        });
}

bool has_time(const Tcb& thread) {
    return thread.sched_context != nullptr && thread.sched_context->active();
}

const char* check_ready_thread(const Tcb& thread) {
    REQUIRE(thread.runnable(), "ready queue: a thread is not runnable");
    REQUIRE(has_time(thread), "ready queue: a thread has no time");
    REQUIRE(refill::ready(*thread.sched_context, core.now),
            "ready queue: a budget lies in the future");
    return nullptr;
}

/// Looks without touching: what is held in front of the queues stays there.
const char* check_ready(std::uint64_t& found) {
    int highest = -1;
    for (unsigned priority = 0; priority < abi::priority_count; ++priority) {
        const TcbQueue& queue = core.ready.queue(priority);
        const char* broken =
            check_queue(queue, QueuedIn::ready, [&](const Tcb& thread, const Tcb*) -> const char* {
                ++found;
                REQUIRE(thread.priority == priority, "ready queue: of another priority");
                return check_ready_thread(thread);
            });
        if (broken != nullptr) return broken;
        if (queue.head != nullptr) highest = static_cast<int>(priority);
    }
    if (const Tcb* const held = core.ready.held()) {
        ++found;
        REQUIRE(held->queued_in == QueuedIn::ready && held->priority >= highest,
                "ready queue: the thread held in front is not the first");
        if (const char* broken = check_ready_thread(*held)) return broken;
        highest = held->priority;
    }
    REQUIRE(core.ready.empty() == (highest < 0) &&
                (highest < 0 || core.ready.highest() == static_cast<unsigned>(highest)),
            "ready queue: the highest priority is wrong");
    return nullptr;
}

const char* check_release(std::uint64_t& found) {
    const TcbQueue& queue = core.release.queue();
    const char* broken = check_queue(
        queue, QueuedIn::release, [&](const Tcb& thread, const Tcb* previous) -> const char* {
            ++found;
            REQUIRE(thread.runnable() && has_time(thread), "release queue: nothing to wait for");
            REQUIRE(previous == nullptr || refill::head(*previous->sched_context).time <=
                                               refill::head(*thread.sched_context).time,
                    "release queue: not ordered by time");
            return nullptr;
        });
    if (broken != nullptr) return broken;
    const Ticks first =
        queue.head == nullptr ? ReleaseQueue::never : refill::head(*queue.head->sched_context).time;
    REQUIRE(core.release.next_time() == first, "release queue: the next time is wrong");
    return nullptr;
}

const char* check_running() {
    const Tcb& current = *core.current;
    REQUIRE(core.candidate == nullptr && core.decision == Decision::keep,
            "scheduler: a decision was left open");
    REQUIRE(current.queued_in == QueuedIn::none, "scheduler: the running thread is queued");
    REQUIRE(core.current_context == current.sched_context, "scheduler: whose time is it?");
    REQUIRE(!core.set_timer && core.quiet_until < core.release.next_time(),
            "scheduler: a release would be overlooked");
    if (&current == core.idle) {
        REQUIRE(core.ready.empty(), "scheduler: idle with a ready thread");
        return nullptr;
    }
    REQUIRE(current.state == ThreadState::running, "scheduler: the running thread is not");
    REQUIRE(core.quiet_until + core.current_context->reserve <=
                core.charged_until + refill::head(*core.current_context).amount,
            "scheduler: the end of the budget would be overlooked");
    REQUIRE(core.ready.none_above(current.priority), "scheduler: a higher thread waits");
    return nullptr;
}

// ---- threads ----

const char* check_blocked(const Tcb& thread) {
    switch (thread.state) {
        case ThreadState::blocked_on_send:
        case ThreadState::blocked_on_receive: {
            const EndpointState kind = thread.state == ThreadState::blocked_on_send
                                           ? EndpointState::sending
                                           : EndpointState::receiving;
            REQUIRE(thread.queued_in == QueuedIn::ipc && thread.blocked_endpoint->state() == kind,
                    "thread: blocked at an endpoint that does not know");
            break;
        }
        case ThreadState::blocked_on_notification:
            REQUIRE(thread.queued_in == QueuedIn::ipc &&
                        thread.blocked_notification->state == NotificationState::waiting,
                    "thread: blocked at a notification that does not know");
            break;
        case ThreadState::blocked_on_reply:
            REQUIRE(thread.queued_in == QueuedIn::none && thread.reply != nullptr,
                    "thread: waits for a reply without a reply object");
            break;
        case ThreadState::inactive:
            REQUIRE(thread.queued_in == QueuedIn::none, "thread: inactive and queued");
            break;
        case ThreadState::running:
        case ThreadState::restart:
            if (has_time(thread) && &thread != core.current) {
                REQUIRE(
                    thread.queued_in == QueuedIn::ready || thread.queued_in == QueuedIn::release,
                    "thread: runnable with a budget, but not scheduled");
            } else {
                REQUIRE(thread.queued_in == QueuedIn::none, "thread: scheduled without time");
            }
            break;
        case ThreadState::idle:
            break;
    }
    return nullptr;
}

const char* check_thread(const Tcb& thread) {
    if (const char* broken = check_blocked(thread)) return broken;
    const bool may_have_reply = thread.state == ThreadState::blocked_on_receive ||
                                thread.state == ThreadState::blocked_on_reply;
    REQUIRE(thread.reply == nullptr || (may_have_reply && thread.reply->tcb == &thread),
            "thread: its reply object belongs to another");
    REQUIRE(thread.fault.kind == FaultKind::none || thread.state == ThreadState::blocked_on_send ||
                thread.state == ThreadState::blocked_on_reply,
            "thread: a fault without a handler to wait for");
    REQUIRE(thread.sched_context == nullptr || thread.sched_context->tcb == &thread,
            "thread: its context is bound to another");
    REQUIRE(thread.bound_notification == nullptr || thread.bound_notification->bound_tcb == &thread,
            "thread: its notification is bound to another");
    REQUIRE(thread.yield_to == nullptr || thread.yield_to->yield_from == &thread,
            "thread: its YieldTo is unknown to the context");
    return nullptr;
}

const char* check_threads(std::uint64_t ready, std::uint64_t released) {
    const Tcb* previous = nullptr;
    for (const Tcb* thread = debug_first_thread(); thread != nullptr; thread = thread->all_next) {
        REQUIRE(thread->all_previous == previous, "list of threads: a link back is wrong");
        if (const char* broken = check_thread(*thread)) return broken;
        ready -= thread->queued_in == QueuedIn::ready ? 1 : 0;
        released -= thread->queued_in == QueuedIn::release ? 1 : 0;
        previous = thread;
    }
    REQUIRE(ready == 0 && released == 0, "queues: not the threads that say they are queued");
    return nullptr;
}

// ---- objects ----

const char* check_refills(const SchedContext& context) {
    if (!context.active()) return nullptr;
    REQUIRE(context.always_ready == context.round_robin(), "context: always ready, or not?");
    REQUIRE(context.head < context.refill_max && context.count <= context.refill_max,
            "context: the ring of refills is malformed");
    if (context.round_robin()) {
        REQUIRE(context.head == 0 && context.count == 1, "context: round robin has one refill");
        return nullptr;
    }
    REQUIRE(context.count >= 1, "context: no refill");
    REQUIRE(refill::head(context).amount >= refill::min_budget, "context: an unusable head");
    for (std::uint32_t i = 0; i + 1 < context.count; ++i) {
        const Refill& one = context.refills[(context.head + i) % context.refill_max];
        const Refill& next = context.refills[(context.head + i + 1) % context.refill_max];
        REQUIRE(one.time + one.amount <= next.time, "context: refills overlap");
    }
    return nullptr;
}

const char* check_context(const SchedContext& context) {
    if (const char* broken = check_refills(context)) return broken;
    REQUIRE(context.tcb == nullptr || context.tcb->sched_context == &context,
            "context: bound to a thread that does not know");
    REQUIRE(context.notification == nullptr || context.notification->sched_context == &context,
            "context: bound to a notification that does not know");
    REQUIRE(context.yield_from == nullptr || context.yield_from->yield_to == &context,
            "context: of a YieldTo that nobody waits in");
    const Reply* newer = nullptr;
    std::uint64_t count = 0;
    for (const Reply* reply = context.reply; reply != nullptr; reply = reply->previous) {
        REQUIRE(newer == nullptr ? reply->context() == &context : reply->next() == newer,
                "call chain: a link is wrong");
        REQUIRE(reply->tcb != nullptr && reply->tcb->state == ThreadState::blocked_on_reply,
                "call chain: nobody waits in the middle");
        newer = reply;
        REQUIRE(++count < list_limit, "call chain: a cycle");
    }
    return nullptr;
}

const char* check_endpoint(const Endpoint& endpoint) {
    const EndpointState state = endpoint.state();
    REQUIRE((state == EndpointState::idle) == (endpoint.head() == nullptr),
            "endpoint: idle with waiters, or the opposite");
    const ThreadState wanted = state == EndpointState::sending ? ThreadState::blocked_on_send
                                                               : ThreadState::blocked_on_receive;
    return check_waiters(endpoint.queue(), [&](const Tcb& thread) {
        return thread.state == wanted && thread.blocked_endpoint == &endpoint;
    });
}

const char* check_notification(const Notification& notification) {
    REQUIRE((notification.state == NotificationState::waiting) == !notification.waiters.empty(),
            "notification: waiting without waiters, or the opposite");
    REQUIRE(notification.bound_tcb == nullptr ||
                notification.bound_tcb->bound_notification == &notification,
            "notification: bound to a thread that does not know");
    REQUIRE(notification.sched_context == nullptr ||
                notification.sched_context->notification == &notification,
            "notification: bound to a context that does not know");
    return check_waiters(notification.waiters, [&](const Tcb& thread) {
        return thread.state == ThreadState::blocked_on_notification &&
               thread.blocked_notification == &notification;
    });
}

const char* check_reply(const Reply& reply) {
    REQUIRE(reply.tcb == nullptr || reply.tcb->reply == &reply,
            "reply: its owner has another reply object");
    REQUIRE(reply.tcb != nullptr || (reply.next_or_context == 0 && reply.previous == nullptr),
            "reply: free, but in a chain");
    REQUIRE(reply.context() == nullptr || reply.context()->reply == &reply,
            "reply: newest of a chain that it is not in");
    REQUIRE(reply.next() == nullptr || reply.next()->previous == &reply,
            "reply: the newer call does not know the older");
    return nullptr;
}

const char* check_object(Cap cap) {
    switch (cap.tag()) {
        case CapTag::endpoint:
            return check_endpoint(cap.as<EndpointCap>().object());
        case CapTag::notification:
            return check_notification(cap.as<NotificationCap>().object());
        case CapTag::reply:
            return check_reply(cap.as<ReplyCap>().object());
        case CapTag::sched_context:
            return check_context(cap.as<SchedContextCap>().object());
        default:
            return nullptr;
    }
}

// ---- capabilities ----

/// The untyped memory that a walk through a derivation list is inside of, outermost first.
class Nesting {
  public:
    /// All memory given out lies below the watermark of the untyped that it came from.
    const char* enter(Cap cap) {
        const MemoryRange memory = memory_of(cap);
        if (memory.size == 0 || lost_) return nullptr;
        while (depth_ > 0 && !inside(memory, memory_of(stack_[depth_ - 1]))) --depth_;
        if (depth_ > 0) {
            const UntypedCap parent = stack_[depth_ - 1];
            REQUIRE(memory.start + memory.size <= parent.paddr().raw() + parent.free_offset(),
                    "untyped: an object above the watermark");
        }
        if (!cap.is<UntypedCap>()) return nullptr;
        lost_ = depth_ == capacity;
        if (!lost_) stack_[depth_++] = cap.as<UntypedCap>();
        return nullptr;
    }

  private:
    static constexpr unsigned capacity = 64;  // deeper ones are not judged
    static bool inside(MemoryRange a, MemoryRange b) {
        return a.start >= b.start && a.start + a.size <= b.start + b.size;
    }
    UntypedCap stack_[capacity];
    unsigned depth_ = 0;
    bool lost_ = false;
};

const char* check_slots() {
    Nesting nesting;
    return for_each_slot([&](const Slot& slot) -> const char* {
        REQUIRE(!slot.empty(), "derivation list: an empty slot");
        REQUIRE(slot.next() == nullptr || slot.next()->previous() == &slot,
                "derivation list: a link back is wrong");
        if (slot.previous() == nullptr) nesting = {};
        if (const char* broken = nesting.enter(slot.cap)) return broken;
        return first_of_object(slot) ? check_object(slot.cap) : nullptr;
    });
}

}  // namespace

bool cspace_seen_before(const Tcb& thread) {
    const Cap root = thread.slot(TcbSlot::cspace).cap;
    for (const Tcb* other = debug_first_thread(); other != &thread; other = other->all_next) {
        if (other->slot(TcbSlot::cspace).cap.word0 == root.word0) return true;
    }
    return false;
}

const char* violated_invariant() {
    std::uint64_t ready = 0;
    std::uint64_t released = 0;
    if (const char* broken = check_ready(ready)) return broken;
    if (const char* broken = check_release(released)) return broken;
    if (const char* broken = check_running()) return broken;
    if (const char* broken = check_threads(ready, released)) return broken;
    if (const char* broken = check_context(*core.current_context)) return broken;
    if (const char* broken = check_slots()) return broken;
    return violated_mapping();
}

void set_interval(std::uint64_t every) {
    interval = every;
    exits_left = every;
}

void run_if_due() {
    if (interval == 0 || --exits_left != 0) return;
    exits_left = interval;
    if (const char* broken = violated_invariant()) PANIC(broken);
}

}  // namespace numbat::check

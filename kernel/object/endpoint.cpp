// SPDX-License-Identifier: BSD-2-Clause
#include "object/endpoint.hpp"

#include "api/fault.hpp"
#include "api/message.hpp"
#include "object/notification.hpp"
#include "object/reply.hpp"
#include "sched/scheduler.hpp"

namespace numbat {

void Endpoint::remove(Tcb& thread) {
    const EndpointState kind = state();
    TcbQueue waiters = queue();
    waiters.remove(thread);
    set(waiters, kind);
}

void Endpoint::reorder(Tcb& thread) {
    const EndpointState kind = state();
    remove(thread);
    enqueue(thread, kind);
}

namespace {

/// The sender of a delivered Call or fault blocks on the reply object, or stops if there is none or
/// its capability does not allow a reply.
void await_reply(Tcb& sender, Tcb& receiver, Reply* reply, bool may_reply, bool donate) {
    if (reply != nullptr && may_reply) {
        push_call(sender, receiver, *reply, donate ? Donation::yes : Donation::no);
    } else {
        sender.fault.kind = FaultKind::none;  // delivered, and nobody can answer it
        sender.state = ThreadState::inactive;
    }
}

void block_sender(Tcb& sender, EndpointCap cap, SendMode mode) {
    Endpoint& endpoint = cap.object();
    sender.state = ThreadState::blocked_on_send;
    sender.blocked_endpoint = &endpoint;
    sender.send_badge = cap.badge();
    sender.send_can_grant = cap.can_grant();
    sender.send_can_grant_reply = cap.can_grant_reply();
    sender.send_is_call = mode.has(SendMode::call);
    dequeue(sender);
    endpoint.enqueue(sender, EndpointState::sending);
    stop_if_current(sender);
}

/// A queued sender's message has been received.
void release_sender(Tcb& sender, Tcb& receiver, Reply* reply) {
    if (sender.send_is_call) {
        const bool donate = sender.fault.kind != FaultKind::timeout;
        await_reply(sender, receiver, reply, sender.send_can_grant || sender.send_can_grant_reply,
                    donate);
    } else {
        sender.state = ThreadState::running;
        wake(sender);
    }
}

}  // namespace

void send_message(Tcb& sender, EndpointCap cap, SendMode mode) {
    Endpoint& endpoint = cap.object();
    if (endpoint.state() != EndpointState::receiving) {
        if (mode.has(SendMode::blocking)) block_sender(sender, cap, mode);
        return;
    }
    Tcb& receiver = endpoint.take_first();
    transfer_message(sender, &endpoint, cap.badge(), cap.can_grant() ? Grant::yes : Grant::no,
                     receiver);
    Reply* reply = receiver.reply;
    if (reply != nullptr) withdraw_offer(receiver);
    if (mode.has(SendMode::call)) {
        dequeue(sender);
        await_reply(sender, receiver, reply, cap.can_grant() || cap.can_grant_reply(),
                    mode.has(SendMode::donate));
    } else if (mode.has(SendMode::donate) && receiver.sched_context == nullptr &&
               sender.sched_context != nullptr) {
        donate(*sender.sched_context, receiver);
    }
    receiver.state = ThreadState::running;
    wake(receiver);
    if (!sender.runnable()) stop_if_current(sender);
}

void receive_message(Tcb& receiver, EndpointCap cap, Blocking blocking, Reply* reply) {
    Endpoint& endpoint = cap.object();
    if (reply != nullptr && reply->tcb != nullptr && reply->tcb != &receiver) {
        cancel_ipc(*reply->tcb);
    }
    Notification* bound = receiver.bound_notification;
    if (bound != nullptr) {
        if (bound->state == NotificationState::active) return complete_signal(*bound, receiver);
        // Before the queue is looked at: a lent context goes back even if a message is there.
        if (blocking == Blocking::yes) return_sched_context(*bound, receiver);
    }
    if (endpoint.state() != EndpointState::sending) {
        if (blocking == Blocking::no) {
            receiver.context.x[0] = 0;
            return;
        }
        receiver.state = ThreadState::blocked_on_receive;
        receiver.blocked_endpoint = &endpoint;
        receiver.reply = reply;
        if (reply != nullptr) reply->tcb = &receiver;
        endpoint.enqueue(receiver, EndpointState::receiving);
        stop_if_current(receiver);
        return;
    }
    Tcb& sender = endpoint.take_first();
    transfer_message(sender, &endpoint, sender.send_badge,
                     sender.send_can_grant ? Grant::yes : Grant::no, receiver);
    release_sender(sender, receiver, reply);
}

void cancel_ipc(Tcb& thread) {
    thread.fault.kind = FaultKind::none;
    switch (thread.state) {
        case ThreadState::blocked_on_receive:
            if (thread.reply != nullptr) withdraw_offer(thread);
            [[fallthrough]];
        case ThreadState::blocked_on_send:
            thread.blocked_endpoint->remove(thread);
            break;
        case ThreadState::blocked_on_notification:
            cancel_wait(thread);
            break;
        case ThreadState::blocked_on_reply:
            cancel_call(thread);
            break;
        case ThreadState::inactive:
        case ThreadState::running:
        case ThreadState::restart:
        case ThreadState::idle:
            return;
    }
    thread.state = ThreadState::inactive;
}

namespace {

/// A thread taken out of an endpoint's queue: its system call starts again, a fault is dropped.
void abort_wait(Tcb& thread) {
    if (thread.state == ThreadState::blocked_on_receive && thread.reply != nullptr) {
        withdraw_offer(thread);
    }
    if (thread.fault.kind != FaultKind::none) {
        thread.fault.kind = FaultKind::none;
        thread.state = ThreadState::inactive;
        return;
    }
    thread.state = ThreadState::restart;
    wake(thread);
}

}  // namespace

bool cancel_waiters(Endpoint& endpoint) {
    for (unsigned i = 0; endpoint.state() != EndpointState::idle; ++i) {
        if (i == waiters_per_step) return false;
        abort_wait(endpoint.take_first());
        reschedule();
    }
    return true;
}

Outcome cancel_badged_sends(Endpoint& endpoint, std::uint64_t badge) {
    if (endpoint.state() != EndpointState::sending) return Outcome::done;
    unsigned removed = 0;
    Tcb* thread = endpoint.head();
    while (thread != nullptr) {
        Tcb* next = thread->queue.next;
        if (thread->send_badge == badge) {
            // preemption point: those that were removed are gone.
            if (removed == waiters_per_step && preemption_requested()) return Outcome::preempted;
            removed = removed % waiters_per_step + 1;
            endpoint.remove(*thread);
            abort_wait(*thread);
            reschedule();
        }
        thread = next;
    }
    return Outcome::done;
}

}  // namespace numbat

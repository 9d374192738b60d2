// SPDX-License-Identifier: BSD-2-Clause
#include "object/notification.hpp"

#include "object/sched_context.hpp"
#include "sched/scheduler.hpp"

namespace numbat {

namespace {

void deliver(Notification& notification, Tcb& thread, std::uint64_t word) {
    thread.state = ThreadState::running;
    thread.context.x[0] = word;
    if (thread.sched_context == nullptr) lend_sched_context(notification, thread);
    wake(thread);
}

}  // namespace

void signal(Notification& notification, std::uint64_t badge) {
    switch (notification.state) {
        case NotificationState::active:
            notification.word |= badge;
            return;
        case NotificationState::waiting: {
            Tcb& thread = *notification.waiters.head;
            notification.waiters.remove(thread);
            if (notification.waiters.empty()) notification.state = NotificationState::idle;
            return deliver(notification, thread, badge);
        }
        case NotificationState::idle: {
            Tcb* bound = notification.bound_tcb;
            if (bound != nullptr && bound->state == ThreadState::blocked_on_receive) {
                cancel_ipc(*bound);
                return deliver(notification, *bound, badge);
            }
            notification.state = NotificationState::active;
            notification.word = badge;
            return;
        }
    }
}

void complete_signal(Notification& notification, Tcb& thread) {
    ASSERT(notification.state == NotificationState::active);
    notification.state = NotificationState::idle;
    thread.context.x[0] = notification.word;
    notification.word = 0;
    if (thread.sched_context == nullptr) {
        lend_sched_context(notification, thread);
        if (thread.sched_context != nullptr) check_budget_or_postpone(*thread.sched_context);
    }
}

void wait(Tcb& thread, Notification& notification, Blocking blocking) {
    if (notification.state == NotificationState::active) {
        return complete_signal(notification, thread);
    }
    if (blocking == Blocking::no) {
        thread.context.x[0] = 0;
        return;
    }
    thread.state = ThreadState::blocked_on_notification;
    thread.blocked_notification = &notification;
    notification.waiters.insert_ordered(thread);
    notification.state = NotificationState::waiting;
    return_sched_context(notification, thread);
    stop_if_current(thread);
}

void lend_sched_context(Notification& notification, Tcb& thread) {
    SchedContext* context = notification.sched_context;
    if (context != nullptr && context->tcb == nullptr) donate(*context, thread);
}

void return_sched_context(Notification& notification, Tcb& thread) {
    SchedContext* context = thread.sched_context;
    if (context == nullptr || context != notification.sched_context) return;
    thread.sched_context = nullptr;
    context->tcb = nullptr;
    stop_if_current(thread);
}

void bind_notification(Tcb& thread, Notification& notification) {
    notification.bound_tcb = &thread;
    thread.bound_notification = &notification;
}

void unbind_notification(Tcb& thread) {
    if (thread.bound_notification == nullptr) return;
    thread.bound_notification->bound_tcb = nullptr;
    thread.bound_notification = nullptr;
}

void cancel_wait(Tcb& thread) {
    Notification& notification = *thread.blocked_notification;
    notification.waiters.remove(thread);
    if (notification.waiters.empty()) notification.state = NotificationState::idle;
}

bool cancel_waiters(Notification& notification) {
    for (unsigned i = 0; notification.state == NotificationState::waiting; ++i) {
        if (i == waiters_per_step) return false;
        Tcb& thread = *notification.waiters.head;
        cancel_wait(thread);
        thread.state = ThreadState::restart;
        wake(thread);
        reschedule();
    }
    return true;
}

void finalise_notification(Notification& notification) {
    if (notification.sched_context != nullptr) {
        unbind_sched_notification(*notification.sched_context);
    }
    if (notification.bound_tcb != nullptr) unbind_notification(*notification.bound_tcb);
}

}  // namespace numbat

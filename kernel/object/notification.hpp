// SPDX-License-Identifier: BSD-2-Clause
// Notification: a word of badges and the threads that wait for it (sel4-abi 9.5). It may be bound
// to one thread, which then also gets it while receiving on endpoints, and to one scheduling
// context, which it lends to a woken thread that has none. Threads wait only in state `waiting`, a
// word is kept only in state `active`, and both ends of a binding name each other.
#pragma once

#include <cstdint>

#include "cap/cap.hpp"
#include "object/endpoint.hpp"
#include "object/tcb_queue.hpp"

namespace numbat {

enum class NotificationState : std::uint64_t { idle = 0, waiting = 1, active = 2 };

struct Notification {
    NotificationState state;
    TcbQueue waiters;
    std::uint64_t word;  // while active
    Tcb* bound_tcb;
    SchedContext* sched_context;
    std::uint64_t reserved[1];

    void reorder(Tcb& thread) {
        waiters.remove(thread);
        waiters.insert_ordered(thread);
    }
};
static_assert(sizeof(Notification) <= 1u << abi::notification_bits);

void signal(Notification& notification, std::uint64_t badge);
/// The running thread waits for the notification, or takes what it has.
void wait(Tcb& thread, Notification& notification, Blocking blocking);
/// Hands the word of an active notification to the running thread.
void complete_signal(Notification& notification, Tcb& thread);
/// Gives the notification's idle scheduling context to a thread without one.
void lend_sched_context(Notification& notification, Tcb& thread);
/// Takes it back if the thread runs on it.
void return_sched_context(Notification& notification, Tcb& thread);

void bind_notification(Tcb& thread, Notification& notification);
void unbind_notification(Tcb& thread);
void cancel_wait(Tcb& thread);
/// Sends a step's waiters away: they begin their system calls again. True when none is left.
bool cancel_waiters(Notification& notification);
/// The notification goes away; nobody waits for it.
void finalise_notification(Notification& notification);

}  // namespace numbat

// SPDX-License-Identifier: BSD-2-Clause
// Fast paths of Call, ReplyRecv and faults: no capabilities, the partner waits and runs next; of
// signals and waiting for them. They look at everything first and write nothing until all holds;
// else the general path does the call from the beginning, with the same result (sel4-abi 10.6).
//
// Where the scheduling context stays the same, no clock is read: the time is charged at a later
// entry. When the partner has a context of its own the clock is read and the time charged, both
// contexts being round robin; anything else is for the general path.
#include "api/fastpath.hpp"

#include "abi/message_info.hpp"
#include "abi/syscall.hpp"
#include "api/fault.hpp"
#include "api/message.hpp"
#include "arch/contract.hpp"
#include "cap/lookup.hpp"
#include "check/invariants.hpp"
#include "object/endpoint.hpp"
#include "object/notification.hpp"
#include "object/reply.hpp"
#include "object/sched_context.hpp"
#include "sched/scheduler.hpp"

namespace numbat {

namespace {

constexpr std::uint64_t caps_and_unwrapped = 0xf80;
constexpr std::uint64_t caps = 0x180;

/// The running thread's message, by its info word; the words are in its context.
struct Message {
    std::uint64_t info;

    bool no_caps() const { return (info & caps) == 0; }
    std::uint64_t length() const { return info & 0x7f; }
};

[[gnu::always_inline]] inline Tcb* run(Tcb& next) {
    next.state = ThreadState::running;
    core.current = &next;
    return arch::switch_to(next);
}

[[gnu::noinline]] Tcb* run_with_long_message(Tcb& receiver, const Tcb& sender, Message message) {
    const abi::MessageInfo info{message.info};
    receiver.context.x[1] =
        abi::MessageInfo::make(info.label(), copy_words(sender, receiver, message_length(info)))
            .word;
    return run(receiver);
}

/// The receiver gets the message and runs.
[[gnu::always_inline]] inline Tcb* run_with_message(Tcb& receiver, const Tcb& sender,
                                                    Message message, std::uint64_t badge) {
    const arch::Context& from = sender.context;
    arch::Context& to = receiver.context;
    const std::uint64_t words = message.length();
    to.x[0] = badge;
    if (words > abi::message_registers) [[unlikely]]
        return run_with_long_message(receiver, sender, message);
    to.x[1] = message.info & ~caps_and_unwrapped;
    if (words > 1) {
        const std::uint64_t pair[] = {from.mr(0), from.mr(1)};
        to.set_mr(0, pair[0]);
        to.set_mr(1, pair[1]);
        if (words > 3) {
            const std::uint64_t second_pair[] = {from.mr(2), from.mr(3)};
            to.set_mr(2, second_pair[0]);
            to.set_mr(3, second_pair[1]);
        } else if (words == 3) {
            to.set_mr(2, from.mr(2));
        }
    } else if (words == 1) {
        to.set_mr(0, from.mr(0));
    }
    return run(receiver);
}

/// The time stamp and the charge for a switch from one round-robin context to another; false if
/// the general path must look at it.
[[gnu::always_inline]] inline bool may_switch_context(const SchedContext& to) {
    const SchedContext& from = *core.current_context;
    return to.always_ready && from.round_robin() && take_quiet_time_stamp();
}

[[gnu::always_inline]] inline void switch_context(SchedContext& to) {
    SchedContext& from = *core.current_context;
    refill::consume_round_robin(from, take_pending_time());
    core.current_context = &to;
    set_timer_for(to, to.refills[0].amount);
}

/// The receiver that a Call or fault through `cap` can go to at once; null if the general path must
/// look at it.
[[gnu::always_inline]] inline Tcb* waiting_server(Cap cap) {
    if (!cap.is<EndpointCap>()) return nullptr;
    const auto target = cap.as<EndpointCap>();
    if (!target.can_write() || !(target.can_grant() || target.can_grant_reply())) return nullptr;
    const Endpoint& endpoint = target.object();
    if (endpoint.state() != EndpointState::receiving) return nullptr;
    Tcb& receiver = *endpoint.head();
    if (receiver.reply == nullptr || !core.ready.none_above(receiver.priority)) return nullptr;
    SchedContext* const own = receiver.sched_context;
    if (own != nullptr && !may_switch_context(*own)) [[unlikely]]
        return nullptr;
    return &receiver;
}

/// The caller blocks on the server's reply object; a server without a context gets the caller's.
[[gnu::always_inline]] inline void begin_call(Tcb& caller, Endpoint& endpoint, Tcb& server) {
    Reply* const reply = server.reply;
    SchedContext& context = *core.current_context;
    SchedContext* const own = server.sched_context;
    endpoint.take_first();
    server.reply = nullptr;
    reply->tcb = &caller;
    caller.reply = reply;
    caller.state = ThreadState::blocked_on_reply;
    if (own != nullptr) [[unlikely]]
        return switch_context(*own);
    Reply* const older = context.reply;
    reply->previous = older;
    reply->set_context(context);
    if (older != nullptr) [[unlikely]]
        older->set_next(reply);
    context.reply = reply;
    context.tcb = &server;
    server.sched_context = &context;
    caller.sched_context = nullptr;
}

// The functions that follow do what `otherwise` does if they cannot.

[[gnu::always_inline]] inline Tcb* fast_call(Cap cap, const Message& message, auto otherwise) {
    Tcb* const server = message.no_caps() ? waiting_server(cap) : nullptr;
    if (server == nullptr) return otherwise();
    const auto target = cap.as<EndpointCap>();
    Tcb& caller = *core.current;
    begin_call(caller, target.object(), *server);
    return run_with_message(*server, caller, message, target.badge());
}

/// The server keeps its own context, and the caller its own; or the context goes back.
enum class Return : std::uint8_t { impossible, donated, own_contexts };

[[gnu::always_inline]] inline Return how_to_return(const Reply& reply, const Tcb& caller) {
    if (reply.next_or_context == 0) {
        if (reply.previous != nullptr || caller.sched_context == nullptr) {
            return Return::impossible;
        }
        return may_switch_context(*caller.sched_context) ? Return::own_contexts
                                                         : Return::impossible;
    }
    const bool newest_of_current =
        reply.next_or_context == (reinterpret_cast<std::uint64_t>(core.current_context) | 1);
    return newest_of_current && caller.sched_context == nullptr ? Return::donated
                                                                : Return::impossible;
}

/// Does this answer let the thread go on where it stopped?
inline bool answers_fault(FaultKind fault, const Message& message) {
    if (fault == FaultKind::timeout) return false;
    return fault == FaultKind::vm || abi::MessageInfo{message.info}.label() == 0;
}

[[gnu::noinline]] Tcb* restart_faulter(Tcb& server, Tcb& thread, FaultKind fault) {
    if (fault == FaultKind::vm) {
        thread.fault.kind = FaultKind::none;
    } else {
        apply_fault_reply(server, thread);
    }
    thread.context.next_pc = thread.context.restart_pc;
    return run(thread);
}

[[gnu::always_inline]] inline Tcb* fast_reply_recv(const Slot& slot, const Slot& reply_slot,
                                                   const Message& message, auto otherwise) {
    Tcb& server = *core.current;
    if (!message.no_caps()) return otherwise();
    const Cap reply_cap = reply_slot.cap;
    const Cap cap = slot.cap;
    if (!reply_cap.is<ReplyCap>() || !cap.is<EndpointCap>()) return otherwise();
    if (!cap.as<EndpointCap>().can_read()) return otherwise();
    Endpoint& endpoint = cap.as<EndpointCap>().object();
    if (endpoint.state() == EndpointState::sending) return otherwise();
    const Notification* const bound = server.bound_notification;
    if (bound != nullptr &&
        (bound->state == NotificationState::active || bound->sched_context != nullptr)) {
        return otherwise();
    }
    Reply& reply = reply_cap.as<ReplyCap>().object();
    Tcb* const caller = reply.tcb;
    if (caller == nullptr || caller->state != ThreadState::blocked_on_reply ||
        !core.ready.none_above(caller->priority)) {
        return otherwise();
    }
    const FaultKind fault = caller->fault.kind;
    if (fault != FaultKind::none && !answers_fault(fault, message)) [[unlikely]]
        return otherwise();
    const Return way = how_to_return(reply, *caller);
    if (way == Return::impossible) return otherwise();

    if (way == Return::donated) {
        SchedContext& context = *core.current_context;
        Reply* const older = reply.previous;
        context.reply = older;
        if (older != nullptr) [[unlikely]]
            older->set_context(context);
        reply.previous = nullptr;
        reply.set_next(nullptr);
        context.tcb = caller;
        caller->sched_context = &context;
        server.sched_context = nullptr;
    } else {
        switch_context(*caller->sched_context);
    }
    caller->reply = nullptr;
    reply.tcb = &server;
    server.reply = &reply;
    server.state = ThreadState::blocked_on_receive;
    server.blocked_endpoint = &endpoint;
    endpoint.enqueue(server, EndpointState::receiving);
    if (fault != FaultKind::none) [[unlikely]]
        return restart_faulter(server, *caller, fault);
    return run_with_message(*caller, server, message, 0);
}

/// Ends the wait of the first thread.
[[gnu::always_inline]] inline void deliver_signal(Notification& notification, Tcb& waiter,
                                                  std::uint64_t badge) {
    if (!notification.waiters.take_first()) [[likely]]
        notification.state = NotificationState::idle;
    waiter.context.x[0] = badge;
    waiter.state = ThreadState::running;
}

[[gnu::noinline]] Tcb* queue_below(Tcb& thread) {
    core.ready.push_front(thread);
    return core.current;
}

/// The waiter's priority is that of the running thread or above.
[[gnu::noinline]] Tcb* signal_peer(Notification& notification, std::uint64_t badge,
                                   auto otherwise) {
    Tcb& waiter = *notification.waiters.head;
    if (waiter.priority == core.current->priority) {
        deliver_signal(notification, waiter, badge);
        core.ready.push_back(waiter);
        return core.current;
    }
    SchedContext& context = *waiter.sched_context;
    if (!may_switch_context(context)) return otherwise();
    deliver_signal(notification, waiter, badge);
    core.ready.push_front(*core.current);
    switch_context(context);
    return run(waiter);
}

/// A signal to a thread that waits for it and has a context of its own that can be used at once.
[[gnu::always_inline]] inline Tcb* signal_waiter(Notification& notification, std::uint64_t badge,
                                                 auto otherwise) {
    Tcb& waiter = *notification.waiters.head;
    const SchedContext* const own = waiter.sched_context;
    if (own == nullptr || !own->always_ready) return otherwise();
    const unsigned priority = waiter.priority;
    if (priority >= core.current->priority) return signal_peer(notification, badge, otherwise);
    deliver_signal(notification, waiter, badge);
    return core.ready.hold(waiter, priority) ? core.current : queue_below(waiter);
}

[[gnu::always_inline]] inline Tcb* fast_signal(NotificationCap cap, auto otherwise) {
    if (!cap.can_write()) return otherwise();
    Notification& notification = cap.object();
    const std::uint64_t badge = cap.badge();
    if (notification.state == NotificationState::waiting) {
        return signal_waiter(notification, badge, otherwise);
    }
    if (notification.state == NotificationState::active) {
        notification.word |= badge;
        return core.current;
    }
    const Tcb* const bound = notification.bound_tcb;
    if (bound != nullptr && bound->state == ThreadState::blocked_on_receive) return otherwise();
    notification.state = NotificationState::active;
    notification.word = badge;
    return core.current;
}

[[gnu::noinline]] Tcb* block_on(Tcb& thread, Notification& notification) {
    wait(thread, notification, Blocking::yes);
    return schedule();
}

/// Waiting for a notification that no other thread is bound to.
[[gnu::always_inline]] inline Tcb* fast_wait(Cap cap, auto otherwise) {
    Tcb& thread = *core.current;
    if (!cap.is<NotificationCap>() || !cap.as<NotificationCap>().can_read()) return otherwise();
    Notification& notification = cap.as<NotificationCap>().object();
    if (notification.bound_tcb != nullptr && notification.bound_tcb != &thread) return otherwise();
    if (notification.state == NotificationState::active) {
        notification.state = NotificationState::idle;
        thread.context.x[0] = notification.word;
        notification.word = 0;
        return &thread;
    }
    if (!take_quiet_time_stamp()) return otherwise();
    return block_on(thread, notification);
}

}  // namespace

Tcb* fast_fault(const Fault& fault) {
    Tcb& thread = *core.current;
    const Cap cap = thread.slot(TcbSlot::fault_endpoint).cap;
    Tcb* const handler = waiting_server(cap);
    if (handler == nullptr) return nullptr;
    const auto target = cap.as<EndpointCap>();
    thread.fault = fault;
    handler->context.x[0] = target.badge();
    handler->context.x[1] = write_fault_message(thread, *handler);
    begin_call(thread, target.object(), *handler);
    return run(*handler);
}

}  // namespace numbat

using namespace numbat;

namespace {

// What each system call does with the slots that its addresses name.

[[gnu::always_inline]] inline Tcb* call_slot(Slot& slot, std::uint64_t x1) {
    return fast_call(slot.cap, Message{x1}, [&slot] { return general_call(slot); });
}

template <abi::Syscall number>
[[gnu::always_inline]] inline Tcb* send_to(Slot& slot, std::uint64_t x1) {
    const auto otherwise = [&slot] {
        return general_send(slot, number == abi::Syscall::send ? mode_send : mode_nb_send);
    };
    // Extra capabilities are for the general path: one that does not resolve is a fault.
    if (!Message{x1}.no_caps()) return otherwise();
    const Cap cap = slot.cap;
    if (cap.is<NotificationCap>()) return fast_signal(cap.as<NotificationCap>(), otherwise);
    // Nothing there: only a Call is told.
    return cap.is_null() ? core.current : otherwise();
}

[[gnu::always_inline]] inline Tcb* wait_for(const Slot& slot, std::uint64_t) {
    return fast_wait(slot.cap, [] { return general_syscall(abi::Syscall::wait); });
}

// One function for each, for the usual CSpace, so that a call costs only the registers it needs,
// and one for all others. A function calls nothing but as its last act, so it needs no stack. The
// arguments are those of kernel_syscall and stay where they are.

enum class Space : std::uint8_t { flat, any };

/// Does `act` with the slot that x0 names.
template <auto act, abi::Syscall number, Space space = Space::flat>
[[gnu::noinline]] Tcb* enter_with_slot(std::uint64_t x0, std::uint64_t x1) {
    const Cap root = core.current->slot(TcbSlot::cspace).cap;
    Slot* const slot =
        space == Space::flat ? find_in_flat_space(root, x0) : Walk{root, x0, abi::word_bits}.run();
    if (slot != nullptr) [[likely]]
        return act(*slot, x1);
    return space == Space::flat ? enter_with_slot<act, number, Space::any>(x0, x1)
                                : general_syscall(number);
}

/// Both slots are of the first level, which is all of a flat space; others are for the general
/// path.
[[gnu::noinline]] Tcb* enter_reply_recv(std::uint64_t x0, std::uint64_t x1, std::uint64_t x6) {
    const auto otherwise = [] { return general_syscall(abi::Syscall::reply_recv); };
    const Cap root = core.current->slot(TcbSlot::cspace).cap;
    const Slot* slot = find_in_flat_space(root, x0);
    const Slot* reply_slot = find_in_flat_space(root, x6);
    if (slot == nullptr || reply_slot == nullptr) [[unlikely]] {
        if (!root.is<CNodeCap>()) return otherwise();
        const Level level{root.as<CNodeCap>()};
        slot = level.find(x0);
        reply_slot = level.find(x6);
        if (slot == nullptr || reply_slot == nullptr) return otherwise();
    }
    return fast_reply_recv(*slot, *reply_slot, Message{x1}, otherwise);
}

[[gnu::always_inline]] inline Tcb* enter(std::uint64_t x0, std::uint64_t x1, std::uint64_t x6,
                                         std::int64_t number) {
    // Not a switch: the order matters.
    const auto which = static_cast<abi::Syscall>(number);
    if (which == abi::Syscall::call) return enter_with_slot<call_slot, abi::Syscall::call>(x0, x1);
    if (which == abi::Syscall::send)
        return enter_with_slot<send_to<abi::Syscall::send>, abi::Syscall::send>(x0, x1);
    if (which == abi::Syscall::reply_recv) return enter_reply_recv(x0, x1, x6);
    if (which == abi::Syscall::wait) return enter_with_slot<wait_for, abi::Syscall::wait>(x0, x1);
    if (which == abi::Syscall::nb_send)
        return enter_with_slot<send_to<abi::Syscall::nb_send>, abi::Syscall::nb_send>(x0, x1);
    if (which == abi::Syscall::yield) return general_yield();
    return general_syscall(which);
}

}  // namespace

extern "C" Tcb* kernel_syscall(std::uint64_t x0, std::uint64_t x1, std::uint64_t, std::uint64_t,
                               std::uint64_t, std::uint64_t, std::uint64_t x6,
                               std::int64_t number) {
    return check::at_exit(enter(x0, x1, x6, number));
}

// SPDX-License-Identifier: BSD-2-Clause
// Fast paths of Call and ReplyRecv: up to four words, no capabilities, the partner waiting, and the
// partner runs next. They look at everything first and write nothing until all holds; else the
// general path does the call from the beginning, with the same result (sel4-abi 10.6).
//
// With donation no clock is read: the context stays, the time is charged at the next entry. When
// the partner has a context of its own the clock is read and the time charged, both contexts being
// round robin; anything else is for the general path.
#include "api/fastpath.hpp"

#include <algorithm>

#include "abi/message_info.hpp"
#include "abi/syscall.hpp"
#include "arch/contract.hpp"
#include "object/endpoint.hpp"
#include "object/notification.hpp"
#include "object/reply.hpp"
#include "object/sched_context.hpp"
#include "sched/scheduler.hpp"

namespace numbat {

namespace {

constexpr std::uint64_t length_and_caps = 0x1ff;
constexpr std::uint64_t label_and_length = ~std::uint64_t{0xf80};

struct Message {
    std::uint64_t info;
    std::uint64_t mr0, mr1, mr2, mr3;

    /// At most four words and no capabilities.
    bool short_enough() const { return (info & length_and_caps) <= abi::message_registers; }
    unsigned length() const { return static_cast<unsigned>(info & 0x7f); }

    [[gnu::always_inline]] void deliver(Tcb& receiver, std::uint64_t badge) const {
        arch::Context& to = receiver.context;
        to.x[0] = badge;
        to.x[1] = info & label_and_length;
        switch (length()) {
            case 4:
                to.set_mr(3, mr3);
                [[fallthrough]];
            case 3:
                to.set_mr(2, mr2);
                [[fallthrough]];
            case 2:
                to.set_mr(1, mr1);
                [[fallthrough]];
            case 1:
                to.set_mr(0, mr0);
                break;
            default:
                break;
        }
    }
};

/// The slot at `address`; null on any failure.
[[gnu::always_inline]] inline Slot* find_slot(const Tcb& thread, std::uint64_t address) {
    Cap node = thread.slot(TcbSlot::cspace).cap;
    if (node.tag() != CapTag::cnode) return nullptr;
    unsigned bits = abi::word_bits;
    for (;;) {
        const unsigned radix = static_cast<unsigned>(CNodeCap::Radix::get(node.word0));
        const unsigned guard_size = static_cast<unsigned>(node.word1 & 63);
        // The guard and the index, from the top bit of what is left.
        const std::uint64_t rest = address << (abi::word_bits - bits);
        if (((rest >> 1) >> (63 - guard_size)) != node.word1 >> 6 || radix + guard_size > bits) {
            return nullptr;
        }
        const std::uint64_t index = (rest << guard_size) >> (abi::word_bits - radix);
        Slot* const slot = reinterpret_cast<Slot*>(node.address()) + index;
        bits -= radix + guard_size;
        if (bits == 0 || slot->cap.tag() != CapTag::cnode) return slot;
        node = slot->cap;
    }
}

/// Would `next` be chosen when the running thread stops now?
inline bool runs_next(const Tcb& next) {
    return next.priority >= core.current->priority || core.ready.none_above(next.priority);
}

/// The time stamp and the charge for a switch from one round-robin context to another; false if
/// the general path must look at it.
[[gnu::always_inline]] inline bool may_switch_context(const SchedContext& to) {
    const SchedContext& from = *core.current_context;
    if (!to.active() || !to.round_robin() || !from.round_robin()) return false;
    return take_time_stamp() && core.release.next_time() > core.now;
}

[[gnu::always_inline]] inline void switch_context(SchedContext& to) {
    SchedContext& from = *core.current_context;
    const Ticks used = core.pending;
    core.pending = 0;
    refill::consume_round_robin(from, used);
    from.consumed += used;
    core.current_context = &to;
    arch::set_deadline(std::min(core.now + to.refills[0].amount, core.release.next_time()));
}

[[gnu::always_inline]] inline Tcb* run(Tcb& next) {
    next.state = ThreadState::running;
    core.current = &next;
    arch::switch_to(next);
    return &next;
}

[[gnu::always_inline]] inline Tcb* fast_call(Cap cap, const Message& message) {
    Tcb& caller = *core.current;
    if (!cap.is<EndpointCap>() || !message.short_enough()) return nullptr;
    const auto target = cap.as<EndpointCap>();
    if (!target.can_write() || !(target.can_grant() || target.can_grant_reply())) return nullptr;
    Endpoint& endpoint = target.object();
    if (endpoint.state() != EndpointState::receiving) return nullptr;
    Tcb& receiver = *endpoint.head();
    Reply* const reply = receiver.reply;
    if (reply == nullptr || !runs_next(receiver)) return nullptr;
    SchedContext& context = *core.current_context;
    SchedContext* const own = receiver.sched_context;
    if (own != nullptr && !may_switch_context(*own)) return nullptr;

    endpoint.take_first();
    receiver.reply = nullptr;
    reply->tcb = &caller;
    caller.reply = reply;
    caller.state = ThreadState::blocked_on_reply;
    if (own == nullptr) {
        Reply* const older = context.reply;
        reply->previous = older;
        reply->set_context(context);
        if (older != nullptr) older->set_next(reply);
        context.reply = reply;
        context.tcb = &receiver;
        receiver.sched_context = &context;
        caller.sched_context = nullptr;
    } else {
        switch_context(*own);
    }
    message.deliver(receiver, target.badge());
    return run(receiver);
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
    const bool newest_of_current = reply.context() == core.current_context;
    return newest_of_current && caller.sched_context == nullptr ? Return::donated
                                                                : Return::impossible;
}

[[gnu::always_inline]] inline Tcb* fast_reply_recv(std::uint64_t address,
                                                   std::uint64_t reply_address,
                                                   const Message& message) {
    Tcb& server = *core.current;
    if (!message.short_enough()) return nullptr;
    const Slot* const reply_slot = find_slot(server, reply_address);
    const Slot* const slot = find_slot(server, address);
    if (reply_slot == nullptr || slot == nullptr) return nullptr;
    const Cap reply_cap = reply_slot->cap;
    const Cap cap = slot->cap;
    if (!reply_cap.is<ReplyCap>() || !cap.is<EndpointCap>()) return nullptr;
    if (!cap.as<EndpointCap>().can_read()) return nullptr;
    Endpoint& endpoint = cap.as<EndpointCap>().object();
    if (endpoint.state() == EndpointState::sending) return nullptr;
    const Notification* const bound = server.bound_notification;
    if (bound != nullptr &&
        (bound->state == NotificationState::active || bound->sched_context != nullptr)) {
        return nullptr;
    }
    Reply& reply = reply_cap.as<ReplyCap>().object();
    Tcb* const caller = reply.tcb;
    if (caller == nullptr || caller->state != ThreadState::blocked_on_reply ||
        caller->fault.kind != FaultKind::none || !runs_next(*caller)) {
        return nullptr;
    }
    const Return way = how_to_return(reply, *caller);
    if (way == Return::impossible) return nullptr;

    if (way == Return::donated) {
        SchedContext& context = *core.current_context;
        Reply* const older = reply.previous;
        context.reply = older;
        if (older != nullptr) older->set_context(context);
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
    message.deliver(*caller, 0);
    return run(*caller);
}

/// A signal that wakes nobody.
[[gnu::always_inline]] inline Tcb* fast_signal(Cap cap) {
    if (!cap.is<NotificationCap>() || !cap.as<NotificationCap>().can_write()) return nullptr;
    Notification& notification = cap.as<NotificationCap>().object();
    const std::uint64_t badge = cap.as<NotificationCap>().badge();
    const bool active = notification.state == NotificationState::active;
    if (!active) {
        if (notification.state == NotificationState::waiting) return nullptr;
        const Tcb* bound = notification.bound_tcb;
        if (bound != nullptr && bound->state == ThreadState::blocked_on_receive) return nullptr;
    }
    if (!take_time_stamp()) return nullptr;
    notification.state = NotificationState::active;
    notification.word = active ? notification.word | badge : badge;
    return finish_entry();
}

}  // namespace

}  // namespace numbat

using namespace numbat;

namespace {

// One function for each, so that a call costs only the registers it needs; the arguments are those
// of kernel_syscall and stay where they are.

[[gnu::noinline]] Tcb* enter_call(std::uint64_t x0, std::uint64_t x1, std::uint64_t x2,
                                  std::uint64_t x3, std::uint64_t x4, std::uint64_t x5) {
    Slot* const slot = find_slot(*core.current, x0);
    if (slot == nullptr) [[unlikely]]
        return general_syscall(static_cast<std::int64_t>(abi::Syscall::call));
    if (Tcb* next = fast_call(slot->cap, Message{x1, x2, x3, x4, x5})) [[likely]]
        return next;
    return general_invoke(*slot, mode_call);
}

[[gnu::noinline]] Tcb* enter_reply_recv(std::uint64_t x0, std::uint64_t x1, std::uint64_t x2,
                                        std::uint64_t x3, std::uint64_t x4, std::uint64_t x5,
                                        std::uint64_t x6) {
    if (Tcb* next = fast_reply_recv(x0, x6, Message{x1, x2, x3, x4, x5})) [[likely]]
        return next;
    return general_syscall(static_cast<std::int64_t>(abi::Syscall::reply_recv));
}

[[gnu::noinline]] Tcb* enter_send(std::uint64_t x0, std::uint64_t x1) {
    Slot* const slot = find_slot(*core.current, x0);
    if (slot == nullptr) [[unlikely]]
        return general_syscall(static_cast<std::int64_t>(abi::Syscall::send));
    // Extra capabilities are for the general path: one that does not resolve is a fault.
    if (Message{x1, 0, 0, 0, 0}.short_enough()) {
        if (Tcb* next = fast_signal(slot->cap)) return next;
    }
    return general_invoke(*slot, mode_send);
}

}  // namespace

extern "C" Tcb* kernel_syscall(std::uint64_t x0, std::uint64_t x1, std::uint64_t x2,
                               std::uint64_t x3, std::uint64_t x4, std::uint64_t x5,
                               std::uint64_t x6, std::int64_t number) {
    if (number == static_cast<std::int64_t>(abi::Syscall::call)) {
        return enter_call(x0, x1, x2, x3, x4, x5);
    }
    if (number == static_cast<std::int64_t>(abi::Syscall::reply_recv)) {
        return enter_reply_recv(x0, x1, x2, x3, x4, x5, x6);
    }
    if (number == static_cast<std::int64_t>(abi::Syscall::send)) return enter_send(x0, x1);
    return general_syscall(number);
}

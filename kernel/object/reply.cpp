// SPDX-License-Identifier: BSD-2-Clause
#include "object/reply.hpp"

#include "api/fault.hpp"
#include "api/message.hpp"
#include "object/endpoint.hpp"
#include "object/sched_context.hpp"
#include "sched/scheduler.hpp"

namespace numbat {

namespace {

void unlink(Reply& reply, Tcb& thread) {
    reply.tcb = nullptr;
    thread.reply = nullptr;
}

/// Cuts the chain on both sides of a reply object.
void cut_chain(Reply& reply) {
    if (SchedContext* context = reply.context()) {
        context->reply = nullptr;
    } else if (Reply* newer = reply.next()) {
        newer->previous = nullptr;
    }
    if (reply.previous != nullptr) reply.previous->set_next(nullptr);
    reply.previous = nullptr;
    reply.set_next(nullptr);
}

}  // namespace

void push_call(Tcb& caller, Tcb& callee, Reply& reply, Donation donation) {
    ASSERT(reply.tcb == nullptr && reply.previous == nullptr && reply.next_or_context == 0);
    caller.state = ThreadState::blocked_on_reply;
    caller.reply = &reply;
    reply.tcb = &caller;
    SchedContext* context = caller.sched_context;
    if (donation == Donation::no || context == nullptr || callee.sched_context != nullptr) return;
    Reply* older = context->reply;
    reply.previous = older;
    reply.set_context(*context);
    if (older != nullptr) older->set_next(&reply);
    context->reply = &reply;
    donate(*context, callee);
}

void pop_call(Reply& reply, Tcb& caller) {
    if (SchedContext* context = reply.context()) {
        Reply* older = reply.previous;
        context->reply = older;
        if (older != nullptr) older->set_context(*context);
        reply.previous = nullptr;
        reply.set_next(nullptr);
        if (caller.sched_context == nullptr) donate(*context, caller);
    } else {
        cut_chain(reply);
    }
    unlink(reply, caller);
}

void cancel_call(Tcb& caller) {
    Reply& reply = *caller.reply;
    cut_chain(reply);
    unlink(reply, caller);
}

void withdraw_offer(Tcb& receiver) {
    unlink(*receiver.reply, receiver);
}

void detach_chain(SchedContext& context) {
    if (context.reply == nullptr) return;
    context.reply->set_next(nullptr);
    context.reply = nullptr;
}

void answer(Tcb& replier, Reply& reply, bool can_grant) {
    Tcb* const caller = reply.tcb;
    if (caller == nullptr || caller->state != ThreadState::blocked_on_reply) return;
    pop_call(reply, *caller);
    const FaultKind fault = caller->fault.kind;
    if (fault == FaultKind::none) {
        transfer_message(replier, nullptr, 0, can_grant ? Grant::yes : Grant::no, *caller);
        caller->state = ThreadState::running;
    } else if (apply_fault_reply(replier, *caller)) {
        caller->state = ThreadState::restart;
    } else {
        caller->state = ThreadState::inactive;
        return;
    }
    SchedContext* context = caller->sched_context;
    if (context != nullptr && context->active() && fault != FaultKind::timeout &&
        has_timeout_handler(*caller) && !refill::ready(*context, core.now)) {
        return raise_timeout(*caller, *context);
    }
    wake(*caller);
}

void finalise_reply(Reply& reply) {
    Tcb* const thread = reply.tcb;
    if (thread == nullptr) return;
    if (thread->state == ThreadState::blocked_on_reply) {
        pop_call(reply, *thread);
        thread->fault.kind = FaultKind::none;
        thread->state = ThreadState::inactive;
    } else {
        cancel_ipc(*thread);
    }
}

}  // namespace numbat

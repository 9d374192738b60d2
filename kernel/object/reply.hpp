// SPDX-License-Identifier: BSD-2-Clause
// Reply: the right to answer one caller. It is free, or offered by a thread blocked in a receive,
// or linked to a caller blocked on it.
//
// A scheduling context donated from caller to server carries the chain of its open calls, newest
// first; the reply objects are the links:
//
//     SchedContext.reply -> r2 (previous) -> r1 (previous) -> null
//                      next <-        next <-
//
// The newest has `next` = null and `context` set. Answering through the newest gives the context
// back to that caller; taking out one in the middle cuts the chain there (sel4-abi 9.4).
#pragma once

#include <cstdint>

#include "cap/cap.hpp"
#include "object/tcb.hpp"

namespace numbat {

struct Reply {
    Tcb* tcb;         // who offers it or waits for it
    Reply* previous;  // older call on the same scheduling context
    // Newer call on it, or, with bit 0 set, the scheduling context itself.
    std::uint64_t next_or_context;
    std::uint64_t reserved;

    bool is_newest() const { return (next_or_context & 1) != 0; }
    Reply* next() const {
        return is_newest() ? nullptr : reinterpret_cast<Reply*>(next_or_context);
    }
    SchedContext* context() const {
        return is_newest() ? reinterpret_cast<SchedContext*>(next_or_context & ~std::uint64_t{1})
                           : nullptr;
    }
    void set_next(Reply* reply) { next_or_context = reinterpret_cast<std::uint64_t>(reply); }
    void set_context(SchedContext& context) {
        next_or_context = reinterpret_cast<std::uint64_t>(&context) | 1;
    }
};
static_assert(sizeof(Reply) == 1u << abi::reply_bits);

enum class Donation : std::uint8_t { no, yes };

/// `caller` blocks on `reply`; with donation, a callee without scheduling context gets the
/// caller's.
void push_call(Tcb& caller, Tcb& callee, Reply& reply, Donation donation);
/// Takes the call out; if it was the newest of its chain, the context returns to the caller (if
/// that has none). The caller stays blocked_on_reply: the next step is its caller's.
void pop_call(Reply& reply, Tcb& caller);
/// Takes the call out without giving anything back.
void cancel_call(Tcb& caller);
/// A thread that offers the reply object no longer does.
void withdraw_offer(Tcb& receiver);
/// The chain loses its scheduling context (unbound or deleted).
void detach_chain(SchedContext& context);

/// Answers the caller, if there is one, with the replier's message.
void answer(Tcb& replier, Reply& reply, bool can_grant);
/// The last capability is gone.
void finalise_reply(Reply& reply);

}  // namespace numbat

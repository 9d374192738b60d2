// SPDX-License-Identifier: BSD-2-Clause
// The call chain of the donation scenarios. A (100) calls passive B (101) through r1, B calls
// passive C (102) through r2, C waits on a notification inside its service: sA is held by C.
// "Runs" is seen by a counter that a thread advances when it gets the processor.
#pragma once

#include "env.hpp"

namespace target {

struct Chain {
    CPtr to_b, to_c, r1, r2, park, go_c, park_b;
    Thread *a = nullptr, *b = nullptr, *c = nullptr;
    CPtr s_a{0}, s_b{0}, s_c{0};
    // What each of them has got past, and with which label.
    volatile std::uint64_t a_done = 0, b_done = 0, c_done = 0;

    enum class InService { waits, faults };
    /// With `faults`, C executes a brk when it goes on; its faults go to `fault_endpoint`.
    explicit Chain(Env& env, InService in_service = InService::waits,
                   CPtr fault_endpoint = sel4::null_cap)
        : to_b(env.make(ObjectType::endpoint)),
          to_c(env.make(ObjectType::endpoint)),
          r1(env.make(ObjectType::reply)),
          r2(env.make(ObjectType::reply)),
          park(env.make(ObjectType::notification)),
          go_c(env.make(ObjectType::notification)),
          park_b(env.make(ObjectType::notification)) {
        c = &env.thread(
            [this, in_service] {
                sel4::recv(to_c, r2);
                sel4::wait(go_c);
                if (in_service == InService::faults) asm volatile("brk #1");
                sel4::send(r2, MessageInfo::make(0xc, 0));
                c_done = 1;
                sel4::wait(park);
                c_done = 2;
            },
            {.priority = 102,
             .fault_endpoint =
                 in_service == InService::faults ? std::optional(fault_endpoint) : std::nullopt});
        b = &env.thread(
            [this] {
                sel4::recv(to_b, r1);
                b_done = sel4::call(to_c, MessageInfo{}).info.label();
                sel4::wait(park_b);
                sel4::send(r1, MessageInfo::make(0xb, 0));
                b_done = 2;
                sel4::wait(park);
                b_done = 3;
            },
            {.priority = 101});
        env.settle();
        a = &env.thread(
            [this] {
                a_done = sel4::call(to_b, MessageInfo{}).info.label();
                sel4::wait(park);
                a_done = 2;
            },
            {.start = ThreadOptions::Start::later});
        s_a = a->sched_context;
        s_b = b->sched_context;
        s_c = c->sched_context;
        EXPECT_OK(sel4::sched_context_unbind(s_b));
        EXPECT_OK(sel4::sched_context_unbind(s_c));
        env.resume(*a);
        env.settle();
        EXPECT_EQ(a_done + b_done + c_done, 0);
    }
};

/// Which thread holds `sched_context`: the one whose binding it can be taken from. Tries each.
inline bool held_by(CPtr sched_context, CPtr tcb) {
    const Reply reply = raw(sched_context, Invocation::sched_context_unbind_object, {}, {tcb});
    if (reply.error() != Error::none) return false;
    return sel4::sched_context_bind(sched_context, tcb).has_value();
}

}  // namespace target

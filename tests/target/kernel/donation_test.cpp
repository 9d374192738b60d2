// SPDX-License-Identifier: BSD-2-Clause
// Scheduling contexts that travel with calls: the rows of the donation table.
// Most cases start from the same chain (chain.hpp).
#include "chain.hpp"

namespace target {
namespace {

TEST_CASE(DONATE_0001, "D1, D2: a chain unwinds in order and the context returns") {
    Chain chain(env);
    EXPECT_TRUE(held_by(chain.s_a, chain.c->tcb));
    sel4::signal(chain.go_c);
    env.settle();
    EXPECT_EQ(chain.b_done, 0xc);
    EXPECT_EQ(chain.c_done, 0);  // C runs on without a scheduling context: not at all
    EXPECT_TRUE(held_by(chain.s_a, chain.b->tcb));
    sel4::signal(chain.park_b);
    env.settle();
    EXPECT_EQ(chain.a_done, 0xb);
    EXPECT_EQ(chain.b_done, 0xc);
    EXPECT_TRUE(held_by(chain.s_a, chain.a->tcb));
    sel4::signal(chain.park);
    env.settle();
    EXPECT_EQ(chain.a_done, 2);
    // With contexts of their own the servers go on where they stopped.
    ASSERT_OK(sel4::sched_context_bind(chain.s_c, chain.c->tcb));
    ASSERT_OK(sel4::sched_context_bind(chain.s_b, chain.b->tcb));
    env.settle();
    EXPECT_EQ(chain.c_done, 1);
    EXPECT_EQ(chain.b_done, 2);
}

TEST_CASE(DONATE_0002, "D3: the server in the middle is deleted") {
    Chain chain(env);
    env.remove(chain.b->tcb);
    sel4::signal(chain.go_c);
    env.settle();
    EXPECT_EQ(chain.c_done, 1);  // its reply did nothing: C keeps running on sA
    sel4::send(chain.r1, MessageInfo::make(5, 0));
    env.settle();
    EXPECT_EQ(chain.a_done, 0);  // answered, but without a scheduling context
    EXPECT_TRUE(held_by(chain.s_a, chain.c->tcb));
    ASSERT_OK(sel4::sched_context_bind(chain.s_b, chain.a->tcb));
    env.settle();
    EXPECT_EQ(chain.a_done, 5);
}

TEST_CASE(DONATE_0003, "D4: the older reply is used first") {
    Chain chain(env);
    sel4::send(chain.r1, MessageInfo::make(5, 0));
    env.settle();
    EXPECT_EQ(chain.a_done, 0);
    EXPECT_EQ(chain.b_done, 0);
    sel4::signal(chain.go_c);
    env.settle();
    EXPECT_EQ(chain.b_done, 0xc);
    EXPECT_TRUE(held_by(chain.s_a, chain.b->tcb));
    ASSERT_OK(sel4::sched_context_bind(chain.s_c, chain.a->tcb));
    env.settle();
    EXPECT_EQ(chain.a_done, 5);
}

TEST_CASE(DONATE_0004, "D5: the newer reply object is deleted") {
    Chain chain(env);
    env.remove(chain.r2);
    EXPECT_TRUE(held_by(chain.s_a, chain.b->tcb));
    env.settle();
    EXPECT_EQ(chain.b_done, 0);  // inactive, with the context
    sel4::send(chain.r1, MessageInfo::make(5, 0));
    env.settle();
    EXPECT_EQ(chain.a_done, 5);
    EXPECT_TRUE(held_by(chain.s_a, chain.a->tcb));
}

TEST_CASE(DONATE_0005, "D6: the older reply object is deleted") {
    Chain chain(env);
    env.remove(chain.r1);
    sel4::signal(chain.go_c);
    env.settle();
    EXPECT_EQ(chain.b_done, 0xc);
    EXPECT_EQ(chain.a_done, 0);
    EXPECT_TRUE(held_by(chain.s_a, chain.b->tcb));
}

TEST_CASE(DONATE_0006, "D7: the first caller is suspended") {
    Chain chain(env);
    ASSERT_OK(sel4::tcb_suspend(chain.a->tcb));
    sel4::signal(chain.go_c);
    env.settle();
    EXPECT_EQ(chain.b_done, 0xc);
    sel4::signal(chain.park_b);
    env.settle();
    EXPECT_EQ(chain.b_done, 2);  // its reply did nothing, it keeps the context
    EXPECT_TRUE(held_by(chain.s_a, chain.b->tcb));
    EXPECT_EQ(chain.a_done, 0);
}

TEST_CASE(DONATE_0007, "D8: the middle server is suspended") {
    Chain chain(env);
    ASSERT_OK(sel4::tcb_suspend(chain.b->tcb));
    sel4::signal(chain.go_c);
    env.settle();
    EXPECT_EQ(chain.c_done, 1);
    EXPECT_TRUE(held_by(chain.s_a, chain.c->tcb));
    sel4::send(chain.r1, MessageInfo::make(5, 0));
    env.settle();
    EXPECT_EQ(chain.a_done, 0);
    ASSERT_OK(sel4::sched_context_bind(chain.s_b, chain.a->tcb));
    env.settle();
    EXPECT_EQ(chain.a_done, 5);
}

TEST_CASE(DONATE_0008, "D9: the holder is suspended, another thread answers") {
    Chain chain(env);
    ASSERT_OK(sel4::tcb_suspend(chain.c->tcb));
    EXPECT_TRUE(held_by(chain.s_a, chain.c->tcb));
    sel4::send(chain.r2, MessageInfo::make(6, 0));
    env.settle();
    EXPECT_EQ(chain.b_done, 6);
    EXPECT_TRUE(held_by(chain.s_a, chain.b->tcb));
    sel4::signal(chain.park_b);
    env.settle();
    EXPECT_EQ(chain.a_done, 0xb);
    EXPECT_TRUE(held_by(chain.s_a, chain.a->tcb));
}

TEST_CASE(DONATE_0009, "D10: a caller blocked on its reply is resumed") {
    Chain chain(env);
    ASSERT_OK(sel4::tcb_resume(chain.b->tcb));
    sel4::signal(chain.go_c);
    env.settle();
    EXPECT_EQ(chain.c_done, 1);
    EXPECT_EQ(chain.b_done, 0);
    EXPECT_TRUE(held_by(chain.s_a, chain.c->tcb));
}

TEST_CASE(DONATE_0010, "D11: the holder is deleted, another thread answers") {
    Chain chain(env);
    env.remove(chain.c->tcb);
    sel4::send(chain.r2, MessageInfo::make(6, 0));
    env.settle();
    EXPECT_EQ(chain.b_done, 6);
    sel4::signal(chain.park_b);
    env.settle();
    EXPECT_EQ(chain.a_done, 0xb);
    EXPECT_TRUE(held_by(chain.s_a, chain.a->tcb));
}

TEST_CASE(DONATE_0011, "D12: the lent context is deleted") {
    Chain chain(env);
    env.remove(chain.s_a);
    sel4::signal(chain.go_c);
    env.settle();
    EXPECT_EQ(chain.b_done + chain.c_done, 0);
    ASSERT_OK(sel4::sched_context_bind(chain.s_c, chain.c->tcb));
    env.settle();
    EXPECT_EQ(chain.c_done, 1);
    EXPECT_EQ(chain.b_done, 0);  // answered, without a context
    EXPECT_TRUE(held_by(chain.s_c, chain.c->tcb));
    ASSERT_OK(sel4::sched_context_bind(chain.s_b, chain.b->tcb));
    env.settle();
    EXPECT_EQ(chain.b_done, 0xc);
}

TEST_CASE(DONATE_0012, "D13, D14: unbind loses the chain, UnbindObject keeps it") {
    Chain chain(env);
    ASSERT_OK(sel4::sched_context_unbind(chain.s_a));
    ASSERT_OK(sel4::sched_context_bind(chain.s_a, chain.c->tcb));
    sel4::signal(chain.go_c);
    env.settle();
    EXPECT_EQ(chain.c_done, 1);
    EXPECT_EQ(chain.b_done, 0);
    EXPECT_TRUE(held_by(chain.s_a, chain.c->tcb));
}

TEST_CASE(DONATE_0013, "D14: UnbindObject keeps the chain") {
    Chain chain(env);
    ASSERT_OK(sel4::sched_context_unbind_object(chain.s_a, chain.c->tcb));
    ASSERT_OK(sel4::sched_context_bind(chain.s_a, chain.c->tcb));
    sel4::signal(chain.go_c);
    env.settle();
    EXPECT_EQ(chain.b_done, 0xc);
    sel4::signal(chain.park_b);
    env.settle();
    EXPECT_EQ(chain.a_done, 0xb);
    EXPECT_TRUE(held_by(chain.s_a, chain.a->tcb));
}

TEST_CASE(DONATE_0014, "D15: a reply takes the context from a thread it was bound to by hand") {
    Chain chain(env);
    static volatile std::uint64_t d_runs;
    d_runs = 0;
    Thread& d = env.thread([] { d_runs = 1; }, {.start = ThreadOptions::Start::later});
    ASSERT_OK(sel4::sched_context_unbind(d.sched_context));
    ASSERT_OK(sel4::sched_context_unbind_object(chain.s_a, chain.c->tcb));
    ASSERT_OK(sel4::sched_context_bind(chain.s_a, d.tcb));
    sel4::send(chain.r2, MessageInfo::make(6, 0));
    env.resume(d);
    env.settle();
    EXPECT_EQ(chain.b_done, 6);
    EXPECT_EQ(d_runs, 0);
    sel4::signal(chain.park_b);
    env.settle();
    EXPECT_EQ(chain.a_done, 0xb);
    EXPECT_TRUE(held_by(chain.s_a, chain.a->tcb));
}

TEST_CASE(DONATE_0015, "D16: a caller that was given another context keeps it") {
    Chain chain(env);
    ASSERT_OK(sel4::sched_context_bind(chain.s_b, chain.a->tcb));
    sel4::signal(chain.go_c);
    sel4::signal(chain.park_b);
    env.settle();
    EXPECT_EQ(chain.a_done, 0xb);
    EXPECT_EQ(chain.b_done, 2);
    EXPECT_TRUE(held_by(chain.s_a, chain.b->tcb));
    EXPECT_TRUE(held_by(chain.s_b, chain.a->tcb));
}

TEST_CASE(DONATE_0016, "D17: the middle server was given another context") {
    Chain chain(env);
    ASSERT_OK(sel4::sched_context_bind(chain.s_b, chain.b->tcb));
    sel4::signal(chain.go_c);
    env.settle();
    EXPECT_EQ(chain.b_done, 0xc);
    EXPECT_EQ(chain.c_done, 1);
    EXPECT_TRUE(held_by(chain.s_a, chain.c->tcb));
    sel4::signal(chain.park_b);
    env.settle();
    EXPECT_EQ(chain.a_done, 0xb);
    EXPECT_TRUE(held_by(chain.s_a, chain.a->tcb));
    EXPECT_TRUE(held_by(chain.s_b, chain.b->tcb));
}

TEST_CASE(DONATE_0017, "D18: a server receives again with the reply it still owes") {
    const CPtr e = env.make(ObjectType::endpoint), r = env.make(ObjectType::reply);
    const CPtr park = env.make(ObjectType::notification);
    static volatile std::uint64_t a_done, c_done;
    a_done = 0;
    c_done = 0;
    Thread& b = env.thread([=] {
        sel4::recv(e, r);
        const Received second = sel4::recv(e, r);
        sel4::send(r, MessageInfo::make(second.info.label() + 1, 0));
        sel4::wait(park);
    });
    env.settle();
    ASSERT_OK(sel4::sched_context_unbind(b.sched_context));
    Thread& a = env.thread([=] { a_done = sel4::call(e, MessageInfo::make(1, 0)).info.label(); });
    env.settle();
    EXPECT_TRUE(held_by(a.sched_context, b.tcb));
    Thread& c = env.thread([=] { c_done = sel4::call(e, MessageInfo::make(7, 0)).info.label(); });
    env.settle();
    EXPECT_EQ(c_done, 8);
    EXPECT_EQ(a_done, 0);
    EXPECT_TRUE(held_by(c.sched_context, c.tcb));
}

TEST_CASE(DONATE_0018, "D20: ReplyRecv returns one context and takes the next") {
    const CPtr e = env.make(ObjectType::endpoint), r = env.make(ObjectType::reply);
    const CPtr go = env.make(ObjectType::notification);
    static volatile std::uint64_t a_done, c_done, served;
    a_done = 0;
    c_done = 0;
    served = 0;
    Thread& b = env.thread([=] {
        Received got = sel4::recv(e, r);
        while (true) {
            served = served + 1;
            sel4::wait(go);
            got = sel4::reply_recv(e, r, got.info);
        }
    });
    env.settle();
    ASSERT_OK(sel4::sched_context_unbind(b.sched_context));
    Thread& a = env.thread([=] { a_done = sel4::call(e, MessageInfo::make(1, 0)).info.label(); });
    env.settle();
    Thread& c = env.thread([=] { c_done = sel4::call(e, MessageInfo::make(2, 0)).info.label(); });
    env.settle();
    EXPECT_TRUE(held_by(c.sched_context, c.tcb));  // queued, with its context
    sel4::signal(go);
    env.settle();
    EXPECT_EQ(a_done, 1);
    EXPECT_EQ(served, 2);
    EXPECT_TRUE(held_by(a.sched_context, a.tcb));
    EXPECT_TRUE(held_by(c.sched_context, b.tcb));
    sel4::signal(go);
    env.settle();
    EXPECT_EQ(c_done, 2);
    EXPECT_TRUE(held_by(c.sched_context, c.tcb));
}

TEST_CASE(DONATE_0019, "D21, D26, D27: what does not donate") {
    const CPtr e = env.make(ObjectType::endpoint), r = env.make(ObjectType::reply);
    const CPtr park = env.make(ObjectType::notification);
    static volatile std::uint64_t got;
    got = 0;
    // A plain send to a passive receiver: it has the message and does not run.
    Thread& b = env.thread([=] {
        got = sel4::recv(e, r).info.label();
        sel4::wait(park);
    });
    env.settle();
    ASSERT_OK(sel4::sched_context_unbind(b.sched_context));
    Thread& a = env.thread([=] {
        sel4::send(e, MessageInfo::make(4, 0));
        sel4::wait(park);
    });
    env.settle();
    EXPECT_EQ(got, 0);
    EXPECT_TRUE(held_by(a.sched_context, a.tcb));
    ASSERT_OK(sel4::sched_context_bind(b.sched_context, b.tcb));
    env.settle();
    EXPECT_EQ(got, 4);
    // A call that cannot be answered: the caller keeps its context and stops.
    got = 0;
    Thread& w = env.thread([=] {
        got = sel4::wait(e).info.label();
        sel4::wait(park);
    });
    env.settle();
    ASSERT_OK(sel4::sched_context_unbind(w.sched_context));
    Thread& c = env.thread([=] { sel4::call(e, MessageInfo::make(5, 0)); });
    env.settle();
    EXPECT_EQ(got, 0);
    EXPECT_TRUE(held_by(c.sched_context, c.tcb));
    EXPECT_TRUE(!c.finished);
    // A server with its own context: nothing moves.
    Thread& d = env.thread([=] {
        got = sel4::recv(e, r).info.label();
        sel4::wait(park);
    });
    env.settle();
    Thread& f = env.thread([=] { sel4::call(e, MessageInfo::make(6, 0)); });
    env.settle();
    EXPECT_EQ(got, 6);
    EXPECT_TRUE(held_by(f.sched_context, f.tcb));
    EXPECT_TRUE(held_by(d.sched_context, d.tcb));
}

TEST_CASE(DONATE_0020, "D24, D25: NBSendRecv and NBSendWait donate") {
    const CPtr e = env.make(ObjectType::endpoint), back = env.make(ObjectType::endpoint);
    const CPtr r = env.make(ObjectType::reply), park = env.make(ObjectType::notification);
    static volatile std::uint64_t got, woken;
    for (const bool with_recv : {true, false}) {
        got = 0;
        woken = 0;
        const CPtr own = env.make(ObjectType::reply);
        Thread& b = env.thread([=] {
            got = sel4::recv(e, r).info.label();
            sel4::wait(park);
        });
        env.settle();
        ASSERT_OK(sel4::sched_context_unbind(b.sched_context));
        Thread& a = env.thread([=] {
            if (with_recv) {
                sel4::nb_send_recv(e, MessageInfo::make(3, 0), {}, back, own);
            } else {
                sel4::nb_send_wait(e, MessageInfo::make(3, 0), {}, back);
            }
            woken = 1;
            sel4::wait(park);
        });
        env.settle();
        EXPECT_EQ(got, 3);
        EXPECT_TRUE(held_by(a.sched_context, b.tcb));
        sel4::nb_send(back, MessageInfo{});
        env.settle();
        EXPECT_EQ(woken, 0);  // woken without a context
        ASSERT_OK(sel4::sched_context_bind(b.sched_context, a.tcb));
        env.settle();
        EXPECT_EQ(woken, 1);
    }
}

TEST_CASE(DONATE_0021, "D28, D33: a passive fault handler runs on the faulter's context") {
    const CPtr handler_ep = env.make(ObjectType::endpoint), r = env.make(ObjectType::reply);
    static volatile std::uint64_t handled, resumed;
    handled = 0;
    resumed = 0;
    Thread& h = env.thread([=] {
        Received got = sel4::recv(handler_ep, r);
        while (true) {
            handled = handled + 1;
            Words words{{got.words.mr[0] + 4, 0, 0, 0}};
            got = sel4::reply_recv(handler_ep, r, MessageInfo::make(0, 1), words);
        }
    });
    env.settle();
    ASSERT_OK(sel4::sched_context_unbind(h.sched_context));
    Thread& t = env.thread(
        [] {
            asm volatile("brk #7");
            asm volatile("brk #8");
            resumed = 1;
        },
        {.fault_endpoint = handler_ep});
    env.settle();
    EXPECT_EQ(handled, 2);
    EXPECT_EQ(resumed, 1);
    EXPECT_TRUE(held_by(t.sched_context, t.tcb));
}

}  // namespace
}  // namespace target

// SPDX-License-Identifier: BSD-2-Clause
// More rows of the donation table: faults inside a chain, notifications, order among equals.
#include "chain.hpp"

namespace target {
namespace {

/// The chain, with C stopped in a fault that passive D (103) handles on sA.
struct FaultChain {
    CPtr handler, reply, go_d;
    volatile std::uint64_t d_done = 0;
    std::uint64_t label;
    Thread* d;
    Chain chain;

    FaultChain(Env& env, std::uint64_t answer_label)
        : handler(env.make(ObjectType::endpoint)),
          reply(env.make(ObjectType::reply)),
          go_d(env.make(ObjectType::notification)),
          label(answer_label),
          d(&env.thread(
              [this] {
                  const Received fault = sel4::recv(handler, reply);
                  sel4::wait(go_d);
                  sel4::send(reply, MessageInfo::make(label, 1),
                             {{fault.words.mr[0] + 4, 0, 0, 0}});
                  d_done = 1;
                  sel4::wait(go_d);
                  d_done = 2;
              },
              {.priority = 103})),
          chain(env, Chain::InService::faults, handler) {
        EXPECT_OK(sel4::sched_context_unbind(d->sched_context));
        sel4::signal(chain.go_c);
        env.settle();
        EXPECT_TRUE(held_by(chain.s_a, d->tcb));
    }
};

TEST_CASE(DONATE_0022, "D33: a fault inside a chain, answered") {
    FaultChain f(env, 0);
    sel4::signal(f.go_d);
    env.settle();
    EXPECT_EQ(f.d_done, 0);          // its context went back to C
    EXPECT_EQ(f.chain.b_done, 0xc);  // C went on and answered B
    sel4::signal(f.chain.park_b);
    env.settle();
    EXPECT_EQ(f.chain.a_done, 0xb);
    EXPECT_TRUE(held_by(f.chain.s_a, f.chain.a->tcb));
}

TEST_CASE(DONATE_0023, "D34: the faulter is deleted while it is handled") {
    FaultChain f(env, 0);
    env.remove(f.chain.c->tcb);
    sel4::signal(f.go_d);
    env.settle();
    EXPECT_EQ(f.d_done, 1);  // its answer did nothing: D runs on
    EXPECT_TRUE(held_by(f.chain.s_a, f.d->tcb));
    sel4::send(f.chain.r2, MessageInfo::make(6, 0));
    env.settle();
    EXPECT_EQ(f.chain.b_done, 0);  // answered, without a context
    ASSERT_OK(sel4::sched_context_bind(f.chain.s_b, f.chain.b->tcb));
    env.settle();
    EXPECT_EQ(f.chain.b_done, 6);
}

TEST_CASE(DONATE_0024, "D35: the first caller is deleted while a fault is handled") {
    FaultChain f(env, 0);
    env.remove(f.chain.a->tcb);
    sel4::signal(f.go_d);
    env.settle();
    EXPECT_EQ(f.chain.b_done, 0xc);
    sel4::signal(f.chain.park_b);
    env.settle();
    EXPECT_EQ(f.chain.b_done, 2);
    EXPECT_TRUE(held_by(f.chain.s_a, f.chain.b->tcb));
}

TEST_CASE(DONATE_0025, "D36: the fault is answered with a label") {
    FaultChain f(env, 1);
    sel4::signal(f.go_d);
    env.settle();
    EXPECT_TRUE(held_by(f.chain.s_a, f.chain.c->tcb));
    EXPECT_EQ(f.chain.a_done + f.chain.b_done + f.chain.c_done, 0);
    sel4::send(f.chain.r2, MessageInfo::make(6, 0));
    env.settle();
    EXPECT_EQ(f.chain.b_done, 6);
    EXPECT_TRUE(held_by(f.chain.s_a, f.chain.b->tcb));
}

TEST_CASE(DONATE_0026, "D19: a reply object that another thread offers is taken over") {
    const CPtr e = env.make(ObjectType::endpoint), quiet = env.make(ObjectType::endpoint);
    const CPtr r = env.make(ObjectType::reply);
    Thread& a = env.thread([=] { sel4::recv(quiet, r); });
    env.settle();
    Thread& b = env.thread([=] { sel4::recv(e, r); });
    env.settle();
    sel4::nb_send(quiet, MessageInfo{});
    sel4::nb_send(e, MessageInfo{});
    env.settle();
    EXPECT_TRUE(!a.finished);
    EXPECT_TRUE(b.finished);
}

// Who ran, in order.
unsigned order[16];
volatile unsigned ran;
void note(unsigned who) {
    order[ran] = who;
    ran = ran + 1;
}
void expect_order(const char* file, int line, std::initializer_list<unsigned> wanted) {
    if (ran != wanted.size()) fail_values(file, line, "how many ran", ran, wanted.size());
    unsigned i = 0;
    for (const unsigned who : wanted) {
        if (i < ran && order[i] != who) fail_values(file, line, "who ran", order[i], who);
        ++i;
    }
}
#define EXPECT_ORDER(...) expect_order(__FILE__, __LINE__, {__VA_ARGS__})

enum Who : unsigned { A = 1, B, C, D };

TEST_CASE(DONATE_0031, "a reply object cut out of the middle of a chain can be used again") {
    const CPtr park = env.make(ObjectType::notification), stop = env.make(ObjectType::notification);
    CPtr e[6], r[6];
    for (unsigned i = 0; i < 6; ++i) {
        e[i] = env.make(ObjectType::endpoint);
        r[i] = env.make(ObjectType::reply);
    }
    const auto passive = [&](CPtr own, CPtr reply, CPtr next) -> Thread& {
        Thread& t = env.thread([=] {
            sel4::recv(own, reply);
            if (next.raw() != 0) {
                sel4::call(next, MessageInfo{});
            } else {
                sel4::wait(stop);
            }
            sel4::send(reply, MessageInfo{});
            sel4::wait(park);
        });
        env.settle();
        EXPECT_OK(sel4::sched_context_unbind(t.sched_context));
        return t;
    };
    // A calls B (r0), B calls C (r1), C calls D (r2); D waits, holding sA.
    Thread& b = passive(e[0], r[0], e[1]);
    passive(e[1], r[1], e[2]);
    passive(e[2], r[2], CPtr{0});
    static volatile bool a_back, x_back;
    a_back = false;
    x_back = false;
    env.thread([=] {
        sel4::call(e[0], MessageInfo{});
        a_back = true;
    });
    env.settle();
    ASSERT_OK(sel4::tcb_suspend(b.tcb));  // takes r1 out of the middle
    // X calls Y (r4), Y calls Z through that very r1.
    passive(e[4], r[4], e[5]);
    passive(e[5], r[1], CPtr{0});
    Thread& x = env.thread([=] {
        sel4::call(e[4], MessageInfo{});
        x_back = true;
        sel4::wait(park);
    });
    env.settle();
    // The end of the old chain must not reach into the new one.
    sel4::send(r[0], MessageInfo{});
    env.settle();
    EXPECT_TRUE(!a_back);
    sel4::signal(stop);  // D, whose answer wakes C
    sel4::signal(stop);  // Z
    env.settle();
    EXPECT_TRUE(x_back);
    EXPECT_TRUE(held_by(x.sched_context, x.tcb));
}

TEST_CASE(DONATE_0027, "D22: a passive server has its own priority") {
    ran = 0;
    const CPtr e = env.make(ObjectType::endpoint), r = env.make(ObjectType::reply);
    const CPtr n = env.make(ObjectType::notification);
    Thread& b = env.thread(
        [=] {
            sel4::recv(e, r);
            note(B);
            sel4::send(r, MessageInfo{});
        },
        {.priority = 90});
    env.thread(
        [=] {
            sel4::wait(n);
            note(C);
        },
        {.priority = 95});
    env.settle();
    ASSERT_OK(sel4::sched_context_unbind(b.sched_context));
    Thread& a = env.thread([=] {
        sel4::signal(n);
        note(A);
        sel4::call(e, MessageInfo{});
        note(A);
    });
    env.settle();
    EXPECT_ORDER(A, C, B, A);
    EXPECT_TRUE(held_by(a.sched_context, a.tcb));
}

TEST_CASE(DONATE_0028, "D23: an equal server runs before queued equals") {
    for (const bool passive : {true, false}) {
        ran = 0;
        const CPtr e = env.make(ObjectType::endpoint), r = env.make(ObjectType::reply);
        const CPtr n = env.make(ObjectType::notification);
        Thread& b = env.thread([=] {
            Received got = sel4::recv(e, r);
            note(B);
            got = sel4::reply_recv(e, r, got.info);
        });
        env.thread([=] {
            sel4::wait(n);
            note(C);
        });
        env.settle();
        if (passive) ASSERT_OK(sel4::sched_context_unbind(b.sched_context));
        env.thread([=] {
            sel4::signal(n);
            sel4::call(e, MessageInfo{});
            note(A);
        });
        env.settle();
        EXPECT_ORDER(B, A, C);
    }
}

TEST_CASE(DONATE_0029, "D31: a plain send to a server that gives its lent context back") {
    for (const bool blocking : {true, false}) {
        ran = 0;
        const CPtr e = env.make(ObjectType::endpoint), r = env.make(ObjectType::reply);
        const CPtr n = env.make(ObjectType::notification);
        Thread& b = env.thread(
            [=] {
                sel4::recv(e, r);
                note(B);
                if (blocking) {
                    sel4::recv(e, r);
                } else {
                    sel4::nb_recv(e, r);
                }
                note(D);
            },
            {.priority = 50});
        env.settle();
        ASSERT_OK(sel4::tcb_bind_notification(b.tcb, n));
        ASSERT_OK(sel4::sched_context_unbind(b.sched_context));
        ASSERT_OK(sel4::sched_context_bind(b.sched_context, n));
        sel4::signal(env.mint(n, 1));
        env.thread([=] { sel4::send(e, MessageInfo{}); });
        env.settle();
        if (blocking) {
            EXPECT_ORDER(B);  // it has the message and no context
        } else {
            EXPECT_ORDER(B, D);
        }
        ASSERT_OK(sel4::tcb_suspend(b.tcb));
    }
}

TEST_CASE(DONATE_0030, "D32: a signal while a passive server serves a caller") {
    ran = 0;
    const CPtr e = env.make(ObjectType::endpoint), r = env.make(ObjectType::reply);
    const CPtr n = env.make(ObjectType::notification), go = env.make(ObjectType::notification);
    Thread& b = env.thread([=] {
        sel4::recv(e, r);
        sel4::wait(go);
        const Received got = sel4::reply_recv(e, r, MessageInfo{});
        note(got.badge.raw() == 0x40 ? B : D);
        sel4::recv(e, r);
    });
    env.settle();
    ASSERT_OK(sel4::tcb_bind_notification(b.tcb, n));
    ASSERT_OK(sel4::sched_context_unbind(b.sched_context));
    ASSERT_OK(sel4::sched_context_bind(b.sched_context, n));
    Thread& a = env.thread([=] {
        sel4::call(e, MessageInfo{});
        note(A);
    });
    env.settle();
    sel4::signal(env.mint(n, 0x40));
    env.settle();
    EXPECT_EQ(ran, 0);
    sel4::signal(go);
    env.settle();
    EXPECT_EQ(ran, 2);
    EXPECT_TRUE((order[0] == A && order[1] == B) || (order[0] == B && order[1] == A));
    EXPECT_TRUE(held_by(a.sched_context, a.tcb));
    EXPECT_TRUE(!held_by(b.sched_context, b.tcb));  // back at the notification
}

TEST_CASE(WAKE_0001, "W1, W2: ReplyRecv wakes the caller and takes a queued sender") {
    struct Row {
        unsigned a, b, c;
        std::initializer_list<unsigned> wanted;
    };
    const std::initializer_list<unsigned> c_last{B, A, C}, c_first{C, B, A};
    const Row rows[] = {{100, 100, 90, c_last},
                        {100, 100, 100, c_first},
                        {100, 100, 110, c_first},
                        {110, 120, 100, c_last}};
    for (const Row& row : rows) {
        ran = 0;
        const CPtr e = env.make(ObjectType::endpoint), r = env.make(ObjectType::reply);
        const CPtr go = env.make(ObjectType::notification);
        Thread& c = env.thread(
            [=] {
                sel4::recv(e, r);
                sel4::wait(go);
                sel4::reply_recv(e, r, MessageInfo{});
                note(C);
            },
            {.priority = row.c});
        env.settle();
        env.thread(
            [=] {
                sel4::call(e, MessageInfo{});
                note(A);
            },
            {.priority = row.a});
        env.settle();
        env.thread(
            [=] {
                sel4::send(e, MessageInfo{});
                note(B);
            },
            {.priority = row.b});
        env.settle();
        sel4::signal(go);
        env.settle();
        expect_order(__FILE__, __LINE__, row.wanted);
        EXPECT_TRUE(c.finished);
    }
}

TEST_CASE(WAKE_0002, "W3: the order in which a deleted endpoint's senders go on") {
    for (const unsigned deleter : {90u, 100u}) {
        ran = 0;
        const CPtr e = env.make(ObjectType::endpoint);
        for (const unsigned who : {A, B, C}) {
            env.thread([=] {
                sel4::send(e, MessageInfo{});
                note(who);
            });
            env.settle();
        }
        env.thread(
            [=] {
                static_cast<void>(sel4::cnode_delete(Env::at(e)));
                note(D);
            },
            {.priority = deleter});
        env.settle();
        if (deleter == 90) {
            EXPECT_ORDER(C, B, A, D);
        } else {
            EXPECT_ORDER(D, C, B, A);
        }
    }
}

TEST_CASE(WAKE_0003, "W4: cancelled senders queue again, the last one first") {
    const CPtr e = env.make(ObjectType::endpoint), r = env.make(ObjectType::reply);
    const CPtr seven = env.mint(e, 7), eight = env.mint(e, 8);
    for (const unsigned who : {A, B, C}) {
        const CPtr through = who == B ? eight : seven;
        env.thread([=] { sel4::send(through, MessageInfo::make(who, 0)); });
        env.settle();
    }
    ASSERT_OK(sel4::cnode_cancel_badged_sends(Env::at(seven)));
    env.settle();
    for (const unsigned who : {B, C, A}) EXPECT_EQ(sel4::nb_recv(e, r).info.label(), who);
}

TEST_CASE(WAKE_0004, "W6: threads whose contexts are configured one after the other") {
    ran = 0;
    CPtr contexts[3];
    for (const unsigned who : {A, B, C}) {
        Thread& t = env.thread([=] { note(who); }, {.start = ThreadOptions::Start::later});
        ASSERT_OK(sel4::sched_context_unbind(t.sched_context));
        contexts[who - A] = env.make(ObjectType::sched_context, 8);
        ASSERT_OK(sel4::sched_context_bind(contexts[who - A], t.tcb));
        env.resume(t);
    }
    env.thread(
        [&] {
            for (const CPtr context : contexts)
                static_cast<void>(
                    sel4::sched_control_configure(env.sched_control, context, 500, 500));
        },
        {.priority = 120});
    env.settle();
    EXPECT_ORDER(C, B, A);
}

TEST_CASE(WAKE_0005, "W7: a plain send to an equal receiver with an equal queued") {
    ran = 0;
    const CPtr e = env.make(ObjectType::endpoint), r = env.make(ObjectType::reply);
    const CPtr n = env.make(ObjectType::notification);
    env.thread([=] {
        sel4::recv(e, r);
        note(B);
    });
    env.thread([=] {
        sel4::wait(n);
        note(C);
    });
    env.settle();
    env.thread([=] {
        sel4::signal(n);
        sel4::send(e, MessageInfo{});
        note(A);
    });
    env.settle();
    EXPECT_ORDER(A, C, B);
}

}  // namespace
}  // namespace target

// SPDX-License-Identifier: BSD-2-Clause
// Invocations of scheduling contexts and SchedControl.
#include "env.hpp"

namespace target {
namespace {

using enum Invocation;
constexpr std::uint64_t max_us = 36'893'488'147'419;

TEST_CASE(SCHED_0001, "configure: limits and their order") {
    const CPtr control = env.sched_control, e = env.make(ObjectType::endpoint);
    const CPtr small = env.make(ObjectType::sched_context, 7);
    const CPtr eight = env.make(ObjectType::sched_context, 8);
    const CPtr nine = env.make(ObjectType::sched_context, 9);
    constexpr auto configure = sched_control_configure_flags;
    const Wrong rows[] = {
        {"no cap", control, configure, {100, 100, 0, 0, 0}, {}, Error::truncated_message, {}},
        {"four words", control, configure, {100, 100, 0, 0}, {small}, Error::truncated_message, {}},
        {"budget too long",
         control,
         configure,
         {max_us + 1, 0, 0, 0, 0},
         {e},
         Error::range_error,
         {20, max_us}},
        {"period too long",
         control,
         configure,
         {100, max_us + 1, 0, 0, 0},
         {e},
         Error::range_error,
         {20, max_us}},
        {"budget too short",
         control,
         configure,
         {19, 100, 0, 0, 0},
         {e},
         Error::range_error,
         {20, max_us}},
        {"period too short",
         control,
         configure,
         {20, 19, 0, 0, 0},
         {e},
         Error::range_error,
         {20, max_us}},
        {"budget above period",
         control,
         configure,
         {101, 100, 0, 0, 0},
         {e},
         Error::range_error,
         {20, 100}},
        {"another object",
         control,
         configure,
         {20, 100, 99, 0, 0},
         {e},
         Error::invalid_capability,
         {1}},
        {"refills of 7 bits",
         control,
         configure,
         {20, 100, 1, 0, 0},
         {small},
         Error::range_error,
         {0, 0}},
        {"refills of 8 bits",
         control,
         configure,
         {20, 100, 9, 0, 0},
         {eight},
         Error::range_error,
         {0, 8}},
        {"refills of 9 bits",
         control,
         configure,
         {20, 100, 25, 0, 0},
         {nine},
         Error::range_error,
         {0, 24}},
    };
    EXPECT_WRONG(rows);
    EXPECT_OK(sel4::sched_control_configure(control, small, 20, 20));
    EXPECT_OK(sel4::sched_control_configure(control, small, max_us, max_us));
    EXPECT_OK(sel4::sched_control_configure(control, eight, 20, max_us, 8, ~0ull, ~0ull));
    EXPECT_OK(sel4::sched_control_configure(control, nine, 20, 20, 24));
}

TEST_CASE(SCHED_0002, "bind and unbind: every error") {
    const CPtr sc = env.make(ObjectType::sched_context, 8),
               other = env.make(ObjectType::sched_context, 8);
    const CPtr tcb = env.make(ObjectType::tcb), second = env.make(ObjectType::tcb);
    const CPtr n = env.make(ObjectType::notification), m = env.make(ObjectType::notification);
    const CPtr e = env.make(ObjectType::endpoint);
    EXPECT_REPLY(raw(sc, sched_context_bind), Error::truncated_message);
    EXPECT_REPLY(raw(sc, sched_context_unbind_object), Error::truncated_message);
    const auto bind = [](CPtr context, CPtr to) {
        return raw(context, sched_context_bind, {}, {to});
    };
    const auto unbind = [](CPtr context, CPtr from) {
        return raw(context, sched_context_unbind_object, {}, {from});
    };
    EXPECT_REPLY(bind(sc, e), Error::invalid_capability, 1);
    EXPECT_REPLY(bind(sc, env.slots()), Error::invalid_capability, 1);
    EXPECT_REPLY(unbind(sc, e), Error::invalid_capability, 1);
    EXPECT_REPLY(unbind(sc, tcb), Error::illegal_operation);
    EXPECT_REPLY(unbind(sc, n), Error::illegal_operation);
    EXPECT_REPLY(raw(sc, sched_context_unbind), Error::none);  // nothing bound
    EXPECT_REPLY(bind(sc, tcb), Error::none);                  // not configured: fine
    EXPECT_REPLY(bind(sc, second), Error::illegal_operation);
    EXPECT_REPLY(bind(other, tcb), Error::illegal_operation);
    EXPECT_REPLY(bind(sc, n), Error::none);  // both at once
    EXPECT_REPLY(bind(sc, m), Error::illegal_operation);
    EXPECT_REPLY(bind(other, n), Error::illegal_operation);
    EXPECT_REPLY(unbind(sc, second), Error::illegal_operation);
    EXPECT_REPLY(unbind(sc, m), Error::illegal_operation);
    EXPECT_REPLY(unbind(sc, tcb), Error::none);
    EXPECT_REPLY(unbind(sc, n), Error::none);
    EXPECT_REPLY(bind(sc, second), Error::none);
    EXPECT_REPLY(bind(sc, n), Error::none);
    EXPECT_REPLY(raw(sc, sched_context_unbind), Error::none);  // both
    EXPECT_REPLY(bind(other, second), Error::none);
    EXPECT_REPLY(bind(other, n), Error::none);
    EXPECT_REPLY(raw(env.self_sc, sched_context_unbind), Error::illegal_operation);
    EXPECT_REPLY(unbind(env.self_sc, env.self), Error::illegal_operation);
}

TEST_CASE(SCHED_0003, "an unconfigured context does not suit a blocked thread") {
    const CPtr sc = env.make(ObjectType::sched_context, 8), n = env.make(ObjectType::notification);
    Thread& t = env.thread([=] { sel4::wait(n); });
    env.settle();
    ASSERT_OK(sel4::sched_context_unbind(t.sched_context));
    EXPECT_REPLY(raw(sc, sched_context_bind, {}, {t.tcb}), Error::illegal_operation);
    EXPECT_REPLY(raw(t.tcb, tcb_set_sched_params, {0, 100}, {Env::root_tcb, sc, env.slots()}),
                 Error::illegal_operation);
    ASSERT_OK(sel4::sched_control_configure(env.sched_control, sc, 1000, 1000));
    EXPECT_REPLY(raw(sc, sched_context_bind, {}, {t.tcb}), Error::none);
    sel4::signal(n);
    env.settle();
    EXPECT_TRUE(t.finished);
}

TEST_CASE(SCHED_0004, "a ready thread with an unconfigured context waits for its parameters") {
    const CPtr sc = env.make(ObjectType::sched_context, 8);
    static volatile bool ran;
    ran = false;
    Thread& t = env.thread([] { ran = true; }, {.start = ThreadOptions::Start::later});
    ASSERT_OK(sel4::sched_context_unbind(t.sched_context));
    ASSERT_OK(sel4::sched_context_bind(sc, t.tcb));
    env.resume(t);
    env.settle();
    EXPECT_TRUE(!ran);
    ASSERT_OK(sel4::sched_control_configure(env.sched_control, sc, 1000, 1000));
    env.settle();
    EXPECT_TRUE(ran);
}

TEST_CASE(SCHED_0005, "yield_to: errors, and targets that cannot run") {
    const CPtr sc = env.make(ObjectType::sched_context, 8), n = env.make(ObjectType::notification);
    EXPECT_REPLY(raw(sc, sched_context_yield_to), Error::illegal_operation);
    EXPECT_REPLY(raw(env.self_sc, sched_context_yield_to), Error::illegal_operation);
    Thread& t = env.thread([=] { sel4::wait(n); });
    env.settle();
    static_cast<void>(sel4::sched_context_consumed(t.sched_context));
    EXPECT_REPLY(raw(t.sched_context, sched_context_yield_to), Error::none, 0);
    // Above the caller's MCP.
    static volatile std::uint64_t error;
    error = 0;
    env.thread([&] { error = error_of(sel4::sched_context_yield_to(t.sched_context)); },
               {.mcp = 99});
    env.settle();
    EXPECT_EQ(error, Error::illegal_operation);
}

TEST_CASE(SCHED_0006, "yield_to an equal: it runs first; a lower one goes to its front") {
    static unsigned order[3];
    static volatile unsigned count;
    count = 0;
    const CPtr n = env.make(ObjectType::notification);
    Thread* threads[3];
    for (unsigned i = 0; i < 3; ++i) {
        threads[i] = &env.thread(
            [=] {
                sel4::wait(n);
                order[count] = i;
                count = count + 1;
            },
            {.priority = 100});
        env.settle();  // so that they wait in this order
    }
    for (unsigned i = 0; i < 3; ++i) sel4::signal(n);  // queued as 2, 1, 0
    const auto consumed = sel4::sched_context_yield_to(threads[0]->sched_context);
    EXPECT_OK(consumed);
    EXPECT_EQ(count, 0);
    env.settle();
    EXPECT_EQ(order[0], 0);
    EXPECT_EQ(order[1], 2);
    EXPECT_EQ(order[2], 1);
}

TEST_CASE(SCHED_0007, "who runs next among equals") {
    static unsigned order[4];
    static volatile unsigned count;
    const CPtr n[] = {env.make(ObjectType::notification), env.make(ObjectType::notification),
                      env.make(ObjectType::notification)};
    for (unsigned i = 0; i < 3; ++i)
        env.thread([=] {
            while (true) {
                sel4::wait(n[i]);
                order[count] = i;
                count = count + 1;
            }
        });
    env.settle();
    const auto expect_order = [&](unsigned a, unsigned b, unsigned c) {
        EXPECT_EQ(count, 3);
        EXPECT_EQ(order[0], a);
        EXPECT_EQ(order[1], b);
        EXPECT_EQ(order[2], c);
    };
    count = 0;
    for (const CPtr one : n) sel4::signal(one);
    env.settle();
    expect_order(2, 1, 0);  // from above each goes to the head
    for (const unsigned priority : {100u, 50u}) {
        count = 0;
        env.thread(
            [=] {
                for (const CPtr one : n) sel4::signal(one);
            },
            {.priority = priority});
        env.settle();
        expect_order(0, 1, 2);
    }
}

TEST_CASE(SCHED_0008, "a passive server runs on its callers' contexts") {
    const CPtr e = env.make(ObjectType::endpoint), r = env.make(ObjectType::reply);
    Thread& server = env.thread([=] {
        Received got = sel4::recv(e, r);
        while (true) {
            Words words{{got.words.mr[0] + 1, 0, 0, 0}};
            got = sel4::reply_recv(e, r, MessageInfo::make(0, 1), words);
        }
    });
    env.settle();
    ASSERT_OK(sel4::sched_context_unbind(server.sched_context));
    static volatile std::uint64_t sum;
    sum = 0;
    for (unsigned i = 0; i < 3; ++i)
        env.thread([=] {
            std::uint64_t value = 0;
            for (unsigned k = 0; k < 100; ++k)
                value = sel4::call(e, MessageInfo::make(0, 1), {{value, 0, 0, 0}}).words.mr[0];
            sum = sum + value;
        });
    env.settle();
    EXPECT_EQ(sum, 300);
    // Called with the context of the case itself.
    EXPECT_EQ(sel4::call(e, MessageInfo::make(0, 1), {{41, 0, 0, 0}}).words.mr[0], 42);
}

TEST_CASE(SCHED_0009, "deletion of a context stops its thread and forgets its settings") {
    static volatile unsigned runs;
    runs = 0;
    const CPtr n = env.make(ObjectType::notification);
    Thread& t = env.thread([=] {
        while (true) {
            sel4::wait(n);
            runs = runs + 1;
        }
    });
    env.settle();
    env.remove(t.sched_context);
    sel4::signal(n);
    env.settle();
    EXPECT_EQ(runs, 0);
    const CPtr fresh = env.make(ObjectType::sched_context, 8);
    ASSERT_OK(sel4::sched_context_bind(fresh, t.tcb));
    env.settle();
    EXPECT_EQ(runs, 0);
    ASSERT_OK(sel4::sched_control_configure(env.sched_control, fresh, 1000, 10'000));
    env.settle();
    EXPECT_EQ(runs, 1);
}

}  // namespace
}  // namespace target

// SPDX-License-Identifier: BSD-2-Clause
// Notifications: words, waiters, bound threads, lent scheduling contexts.
#include "env.hpp"

namespace target {
namespace {

TEST_CASE(NTFN_0001, "signals accumulate until they are received") {
    const CPtr n = env.make(ObjectType::notification);
    EXPECT_EQ(sel4::nb_wait(n).badge, 0);
    sel4::signal(env.mint(n, 1));
    sel4::signal(env.mint(n, 4));
    sel4::signal(env.mint(n, 1ull << 63));
    EXPECT_EQ(sel4::nb_wait(n).badge, (1ull << 63) | 5);
    EXPECT_EQ(sel4::nb_wait(n).badge, 0);
    sel4::signal(n);  // badge 0 is a signal as well
    EXPECT_EQ(sel4::wait(n).badge, 0);
}

TEST_CASE(NTFN_0002, "a waiter gets the one signal that wakes it, in order of priority") {
    const CPtr n = env.make(ObjectType::notification);
    static std::uint64_t seen[3];
    Thread* threads[3];
    for (unsigned i = 0; i < 3; ++i) {
        seen[i] = 0;
        threads[i] =
            &env.thread([=] { seen[i] = sel4::wait(n).badge.raw(); }, {.priority = 100 + i});
        env.settle();
    }
    ASSERT_OK(sel4::tcb_set_priority(threads[2]->tcb, Env::root_tcb, 99));
    for (std::uint64_t badge = 1; badge <= 3; ++badge) {
        sel4::signal(env.mint(n, badge));
        env.settle();
    }
    EXPECT_EQ(seen[1], 1);
    EXPECT_EQ(seen[0], 2);
    EXPECT_EQ(seen[2], 3);
}

TEST_CASE(NTFN_0003, "binding: every error") {
    const CPtr n = env.make(ObjectType::notification), m = env.make(ObjectType::notification);
    const CPtr tcb = env.make(ObjectType::tcb), other = env.make(ObjectType::tcb);
    const CPtr waited = env.make(ObjectType::notification);
    env.thread([=] { sel4::wait(waited); });
    env.settle();
    using enum Invocation;
    EXPECT_REPLY(raw(tcb, tcb_bind_notification), Error::truncated_message);
    EXPECT_REPLY(raw(tcb, tcb_unbind_notification), Error::illegal_operation);
    const auto bind = [](CPtr to, CPtr what) { return raw(to, tcb_bind_notification, {}, {what}); };
    EXPECT_REPLY(bind(tcb, Env::cnode), Error::illegal_operation);
    EXPECT_REPLY(bind(tcb, env.slots()), Error::illegal_operation);
    EXPECT_REPLY(bind(tcb, env.copy(n, abi::rights::write)), Error::illegal_operation);
    EXPECT_REPLY(bind(tcb, waited), Error::illegal_operation);
    EXPECT_REPLY(bind(tcb, n), Error::none);
    EXPECT_REPLY(bind(tcb, m), Error::illegal_operation);
    EXPECT_REPLY(bind(other, n), Error::illegal_operation);
    EXPECT_REPLY(raw(tcb, tcb_unbind_notification), Error::none);
    EXPECT_REPLY(bind(other, n), Error::none);
    env.remove(n);  // the last cap but the weak copy
    EXPECT_REPLY(bind(other, m), Error::illegal_operation);
    ASSERT_OK(sel4::tcb_unbind_notification(other));
    EXPECT_REPLY(bind(other, m), Error::none);
    env.remove(m);
    EXPECT_REPLY(raw(other, tcb_unbind_notification), Error::illegal_operation);
    const CPtr k = env.make(ObjectType::notification);
    EXPECT_REPLY(bind(other, k), Error::none);
    env.remove(other);
    EXPECT_REPLY(bind(tcb, k), Error::none);
}

TEST_CASE(NTFN_0004, "a bound thread hears signals in any receive on an endpoint") {
    const CPtr e = env.make(ObjectType::endpoint), n = env.make(ObjectType::notification);
    const CPtr reply = env.make(ObjectType::reply), badged = env.mint(n, 0x80);
    const CPtr sender = env.mint(e, 7);
    static std::uint64_t got[4];
    static unsigned count;
    count = 0;
    Thread& server = env.thread(
        [=] {
            while (count < 4) got[count++] = sel4::recv(e, reply).badge.raw();
        },
        {.start = ThreadOptions::Start::later});
    ASSERT_OK(sel4::tcb_bind_notification(server.tcb, n));
    env.resume(server);
    env.settle();
    sel4::signal(badged);  // wakes it out of the endpoint
    env.settle();
    EXPECT_EQ(count, 1);
    EXPECT_EQ(got[0], 0x80);
    sel4::nb_send(sender, MessageInfo{});
    env.settle();
    EXPECT_EQ(got[1], 7);
    // An active notification comes before a queued sender.
    ASSERT_OK(sel4::tcb_suspend(server.tcb));
    env.thread([=] { sel4::send(sender, MessageInfo{}); });
    env.settle();
    sel4::signal(badged);
    ASSERT_OK(sel4::tcb_resume(server.tcb));
    env.settle();
    EXPECT_EQ(count, 4);
    EXPECT_EQ(got[2], 0x80);
    EXPECT_EQ(got[3], 7);
}

TEST_CASE(NTFN_0005, "a bound thread in a call or send is not disturbed") {
    const CPtr e = env.make(ObjectType::endpoint), n = env.make(ObjectType::notification);
    const CPtr reply = env.make(ObjectType::reply);
    volatile std::uint64_t called = 99, waited = 99;
    Thread& t = env.thread(
        [&] {
            called = sel4::call(e, MessageInfo{}).info.label();
            waited = sel4::wait(n).badge.raw();
        },
        {.start = ThreadOptions::Start::later});
    ASSERT_OK(sel4::tcb_bind_notification(t.tcb, n));
    env.resume(t);
    env.settle();
    sel4::signal(env.mint(n, 1));
    env.settle();
    EXPECT_EQ(called, 99);
    sel4::nb_recv(e, reply);
    sel4::signal(env.mint(n, 2));
    env.settle();
    EXPECT_EQ(called, 99);
    sel4::reply(reply, MessageInfo::make(6, 0));
    env.settle();
    EXPECT_EQ(called, 6);
    EXPECT_EQ(waited, 3);
}

TEST_CASE(NTFN_0006, "deleting a notification restarts its waiters") {
    const CPtr n = env.make(ObjectType::notification), handler = env.make(ObjectType::endpoint);
    const CPtr reply = env.make(ObjectType::reply);
    env.thread([&] { sel4::wait(n); }, {.fault_endpoint = env.mint(handler, 3)});
    env.settle();
    env.remove(n);
    env.settle();
    const Received fault = sel4::nb_recv(handler, reply);
    EXPECT_EQ(fault.badge, 3);
    EXPECT_EQ(fault.info.word, MessageInfo::make(1, 5).word);
    EXPECT_EQ(fault.words.mr[1], n.raw());
    EXPECT_EQ(fault.words.mr[2], 1);
}

TEST_CASE(NTFN_0007, "a scheduling context bound to a notification is lent to who it wakes") {
    const CPtr n = env.make(ObjectType::notification),
               lent = env.make(ObjectType::sched_context, 8);
    ASSERT_OK(sel4::sched_control_configure(env.sched_control, lent, 5000, 5000));
    static unsigned rounds;
    rounds = 0;
    Thread& t = env.thread([=] {
        while (true) {
            sel4::wait(n);
            ++rounds;
        }
    });
    env.settle();
    ASSERT_OK(sel4::sched_context_unbind(t.sched_context));
    ASSERT_OK(sel4::sched_context_bind(lent, n));
    using enum Invocation;
    EXPECT_REPLY(raw(lent, sched_context_bind, {}, {n}), Error::illegal_operation);
    for (unsigned i = 1; i <= 3; ++i) {
        sel4::signal(n);
        env.settle();
        EXPECT_EQ(rounds, i);
    }
    // Given back when the thread waits again: another thread can have it.
    Thread& u = env.thread([=] { sel4::wait(n); });
    env.settle();
    ASSERT_OK(sel4::sched_context_unbind(u.sched_context));
    ASSERT_OK(sel4::tcb_set_priority(u.tcb, Env::root_tcb, 110));
    sel4::signal(n);
    env.settle();
    EXPECT_TRUE(u.finished);
    // u keeps it (it waits no more): the next one woken is left without.
    sel4::signal(n);
    env.settle();
    EXPECT_EQ(rounds, 3);
    ASSERT_OK(sel4::sched_context_bind(t.sched_context, t.tcb));
    env.settle();
    EXPECT_EQ(rounds, 4);
}

TEST_CASE(NTFN_0008, "a bound passive server: signals, calls, and both (D29, D30)") {
    const CPtr e = env.make(ObjectType::endpoint), n = env.make(ObjectType::notification);
    const CPtr reply = env.make(ObjectType::reply), badged = env.mint(n, 0x80);
    static unsigned signals, calls;
    signals = calls = 0;
    Thread& server = env.thread([=] {
        Received got = sel4::recv(e, reply);
        while (true) {
            if (got.badge.raw() == 0x80) {
                ++signals;
                got = sel4::recv(e, reply);
            } else {
                ++calls;
                got = sel4::reply_recv(e, reply, MessageInfo{});
            }
        }
    });
    env.settle();
    ASSERT_OK(sel4::tcb_bind_notification(server.tcb, n));
    ASSERT_OK(sel4::sched_context_unbind(server.sched_context));
    ASSERT_OK(sel4::sched_context_bind(server.sched_context, n));
    sel4::signal(badged);
    env.settle();
    EXPECT_EQ(signals, 1);
    Thread& a = env.thread([=] { sel4::call(e, MessageInfo{}); });
    env.settle();
    EXPECT_EQ(calls, 1);
    EXPECT_TRUE(a.finished);
    // A call that is queued while the server handles a signal.
    ASSERT_OK(sel4::tcb_set_priority(server.tcb, Env::root_tcb, 50));
    sel4::signal(badged);
    Thread& b = env.thread([=] { sel4::call(e, MessageInfo{}); });
    env.settle();
    EXPECT_EQ(signals, 2);
    EXPECT_EQ(calls, 2);
    EXPECT_TRUE(b.finished);
    sel4::signal(badged);
    env.settle();
    EXPECT_EQ(signals, 3);
}

}  // namespace
}  // namespace target

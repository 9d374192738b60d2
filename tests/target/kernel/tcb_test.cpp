// SPDX-License-Identifier: BSD-2-Clause
// Invocations of threads.
#include "env.hpp"
#include "sel4/domain.hpp"

namespace target {
namespace {

using enum Invocation;

CPtr threads_tcb{0};  // what a thread is to delete

TEST_CASE(TCB_0001, "configure, set_space, set_ipc_buffer: every error") {
    const CPtr tcb = env.make(ObjectType::tcb), e = env.make(ObjectType::endpoint);
    const CPtr frame = env.make(ObjectType::small_page), vspace = env.make(ObjectType::vspace);
    const CPtr empty = env.slots(), reader = env.copy(e, abi::rights::read);
    const CPtr sender = env.copy(e, abi::rights::write), small = env.make(ObjectType::cnode, 3);
    const CPtr good = env.copy(e, abi::rights::write_grant_reply);
    abi::UntypedDesc description{};
    const CPtr device = env.device_untyped(12, description), device_page = env.slots();
    ASSERT_OK(
        sel4::untyped_retype(device, ObjectType::small_page, 0, Env::cnode, device_page.raw()));
    const CPtr c = Env::cnode, v = Env::vspace;
    const Wrong rows[] = {
        {"configure, short",
         tcb,
         tcb_configure,
         {0, 0},
         {c, v, frame},
         Error::truncated_message,
         {}},
        {"configure, two caps",
         tcb,
         tcb_configure,
         {0, 0, 0},
         {c, v},
         Error::truncated_message,
         {}},
        {"buffer is no frame",
         tcb,
         tcb_configure,
         {0, 0, 1024},
         {c, v, e},
         Error::illegal_operation,
         {}},
        {"buffer is a device",
         tcb,
         tcb_configure,
         {0, 0, 1024},
         {c, v, device_page},
         Error::illegal_operation,
         {}},
        {"buffer misaligned",
         tcb,
         tcb_configure,
         {0, 0, 1025},
         {c, v, frame},
         Error::alignment_error,
         {}},
        {"buffer before roots",
         tcb,
         tcb_configure,
         {0, 0, 8},
         {e, e, frame},
         Error::alignment_error,
         {}},
        {"no cnode", tcb, tcb_configure, {0, 0, 0}, {e, v, frame}, Error::illegal_operation, {}},
        {"empty cnode",
         tcb,
         tcb_configure,
         {0, 0, 0},
         {empty, v, frame},
         Error::illegal_operation,
         {}},
        {"guard too long",
         tcb,
         tcb_configure,
         {62, 0, 0},
         {small, v, frame},
         Error::illegal_operation,
         {}},
        {"no vspace", tcb, tcb_configure, {0, 0, 0}, {c, e, frame}, Error::illegal_operation, {}},
        {"vspace without asid",
         tcb,
         tcb_configure,
         {0, 0, 0},
         {c, vspace, frame},
         Error::illegal_operation,
         {}},
        {"set_space, short", tcb, tcb_set_space, {0}, {e, c, v}, Error::truncated_message, {}},
        {"set_space, two caps", tcb, tcb_set_space, {0, 0}, {e, c}, Error::truncated_message, {}},
        {"set_space, no cnode",
         tcb,
         tcb_set_space,
         {0, 0},
         {Env::vspace, e, v},
         Error::illegal_operation,
         {}},
        {"handler of another kind",
         tcb,
         tcb_set_space,
         {0, 0},
         {v, c, v},
         Error::invalid_capability,
         {1}},
        {"handler read only",
         tcb,
         tcb_set_space,
         {0, 0},
         {reader, c, v},
         Error::invalid_capability,
         {1}},
        {"handler without grant",
         tcb,
         tcb_set_space,
         {0, 0},
         {sender, c, v},
         Error::invalid_capability,
         {1}},
        {"set_ipc_buffer, short",
         tcb,
         tcb_set_ipc_buffer,
         {},
         {frame},
         Error::truncated_message,
         {}},
        {"set_ipc_buffer, no cap", tcb, tcb_set_ipc_buffer, {0}, {}, Error::truncated_message, {}},
        {"set_ipc_buffer, misaligned",
         tcb,
         tcb_set_ipc_buffer,
         {512},
         {frame},
         Error::alignment_error,
         {}},
        {"set_ipc_buffer, no frame",
         tcb,
         tcb_set_ipc_buffer,
         {1024},
         {empty},
         Error::illegal_operation,
         {}},
        {"timeout endpoint, no cap",
         tcb,
         tcb_set_timeout_endpoint,
         {},
         {},
         Error::truncated_message,
         {}},
        {"timeout endpoint, weak",
         tcb,
         tcb_set_timeout_endpoint,
         {},
         {sender},
         Error::invalid_capability,
         {1}},
    };
    EXPECT_WRONG(rows);
    EXPECT_OK(sel4::tcb_set_space(tcb, good, c, 0, v));
    EXPECT_OK(sel4::tcb_set_space(tcb, empty, c, 0, v));
    EXPECT_REPLY(raw(tcb, tcb_set_timeout_endpoint, {}, {good}), Error::none);
    EXPECT_REPLY(raw(tcb, tcb_set_timeout_endpoint, {}, {empty}), Error::none);
    EXPECT_REPLY(raw(tcb, tcb_set_ipc_buffer, {0}, {empty}), Error::none);
}

TEST_CASE(TCB_0002, "priorities: errors and authority") {
    const CPtr tcb = env.make(ObjectType::tcb), e = env.make(ObjectType::endpoint);
    const CPtr boss = env.make(ObjectType::tcb), empty = env.slots();
    ASSERT_OK(sel4::tcb_set_mc_priority(boss, Env::root_tcb, 90));
    ASSERT_OK(sel4::tcb_set_priority(boss, Env::root_tcb, 100));
    const CPtr sc = env.make(ObjectType::sched_context, 8);
    const Wrong rows[] = {
        {"no word", tcb, tcb_set_priority, {}, {boss}, Error::truncated_message, {}},
        {"no cap", tcb, tcb_set_priority, {1}, {}, Error::truncated_message, {}},
        {"no thread", tcb, tcb_set_priority, {1}, {e}, Error::invalid_capability, {1}},
        {"empty", tcb, tcb_set_mc_priority, {1}, {empty}, Error::invalid_capability, {1}},
        {"above", tcb, tcb_set_priority, {91}, {boss}, Error::range_error, {0, 90}},
        {"far above", tcb, tcb_set_priority, {1ull << 32}, {boss}, Error::range_error, {0, 90}},
        {"mcp above", tcb, tcb_set_mc_priority, {91}, {boss}, Error::range_error, {0, 90}},
        {"own present priority",
         boss,
         tcb_set_priority,
         {100},
         {boss},
         Error::range_error,
         {0, 90}},
        {"256", tcb, tcb_set_priority, {256}, {Env::root_tcb}, Error::range_error, {0, 255}},
        {"params, short",
         tcb,
         tcb_set_sched_params,
         {1},
         {boss, sc, e},
         Error::truncated_message,
         {}},
        {"params, two caps",
         tcb,
         tcb_set_sched_params,
         {1, 1},
         {boss, sc},
         Error::truncated_message,
         {}},
        {"params, no thread",
         tcb,
         tcb_set_sched_params,
         {1, 1},
         {e, sc, e},
         Error::invalid_capability,
         {1}},
        {"params, mcp",
         tcb,
         tcb_set_sched_params,
         {91, 99},
         {boss, sc, e},
         Error::range_error,
         {0, 90}},
        {"params, priority",
         tcb,
         tcb_set_sched_params,
         {90, 91},
         {boss, sc, e},
         Error::range_error,
         {0, 90}},
        {"params, no context",
         tcb,
         tcb_set_sched_params,
         {1, 1},
         {boss, e, e},
         Error::invalid_capability,
         {2}},
        {"params, handler",
         tcb,
         tcb_set_sched_params,
         {1, 1},
         {boss, sc, sc},
         Error::invalid_capability,
         {3}},
        {"params, context of another",
         tcb,
         tcb_set_sched_params,
         {1, 1},
         {boss, env.self_sc, empty},
         Error::illegal_operation,
         {}},
        {"params, null for the caller",
         env.self,
         tcb_set_sched_params,
         {255, 255},
         {Env::root_tcb, empty, empty},
         Error::illegal_operation,
         {}},
    };
    EXPECT_WRONG(rows);
    EXPECT_REPLY(raw(tcb, tcb_set_sched_params, {10, 80}, {boss, sc, e}), Error::none);
    EXPECT_REPLY(raw(tcb, tcb_set_priority, {11}, {tcb}), Error::range_error, 0, 10);
    // Bound to this thread already: fine. Another context: not.
    EXPECT_REPLY(raw(tcb, tcb_set_sched_params, {10, 80}, {boss, sc, empty}), Error::none);
    const CPtr second = env.make(ObjectType::sched_context, 8);
    EXPECT_REPLY(raw(tcb, tcb_set_sched_params, {10, 80}, {boss, second, empty}),
                 Error::illegal_operation);
    EXPECT_REPLY(raw(tcb, tcb_set_sched_params, {10, 80}, {boss, empty, empty}), Error::none);
    EXPECT_REPLY(raw(tcb, tcb_set_sched_params, {10, 80}, {boss, second, empty}), Error::none);
}

TEST_CASE(TCB_0005, "suspend and resume: a blocked call is made anew") {
    const CPtr n = env.make(ObjectType::notification);
    static volatile unsigned woken;
    woken = 0;
    Thread& t = env.thread([=] {
        sel4::wait(n);
        woken = woken + 1;
        sel4::wait(n);
        woken = woken + 1;
    });
    env.settle();
    ASSERT_OK(sel4::tcb_suspend(t.tcb));
    ASSERT_OK(sel4::tcb_suspend(t.tcb));
    sel4::signal(n);  // nobody waits: it stays
    env.settle();
    EXPECT_EQ(woken, 0);
    ASSERT_OK(sel4::tcb_resume(t.tcb));
    ASSERT_OK(sel4::tcb_resume(t.tcb));
    env.settle();
    EXPECT_EQ(woken, 1);
    ASSERT_OK(sel4::tcb_resume(t.tcb));  // blocked: waits again
    sel4::signal(n);
    env.settle();
    EXPECT_EQ(woken, 2);
    EXPECT_TRUE(t.finished);
}

TEST_CASE(TCB_0006, "suspend takes a thread out of every queue") {
    const CPtr e = env.make(ObjectType::endpoint), n = env.make(ObjectType::notification);
    const CPtr reply = env.make(ObjectType::reply), mine = env.make(ObjectType::reply);
    Thread& sender = env.thread([=] { sel4::send(env.fault_endpoint, MessageInfo{}); },
                                {.start = ThreadOptions::Start::later});
    Thread& a = env.thread([=] { sel4::send(e, MessageInfo{}); });
    Thread& b = env.thread([=] { sel4::wait(n); });
    env.settle();
    ASSERT_OK(sel4::tcb_suspend(a.tcb));
    ASSERT_OK(sel4::tcb_suspend(b.tcb));
    ASSERT_OK(sel4::tcb_suspend(sender.tcb));
    EXPECT_EQ(sel4::nb_recv(e, reply).info.word, 0);
    sel4::signal(env.mint(n, 2));
    EXPECT_EQ(sel4::nb_wait(n).badge, 2);
    Thread& c = env.thread([=] { sel4::recv(e, mine); });
    env.settle();
    ASSERT_OK(sel4::tcb_suspend(c.tcb));
    sel4::nb_send(e, MessageInfo{});
    ASSERT_OK(sel4::tcb_resume(c.tcb));
    env.settle();
    EXPECT_TRUE(!c.finished);  // the message was dropped
    sel4::nb_send(e, MessageInfo{});
    env.settle();
    EXPECT_TRUE(c.finished);
}

TEST_CASE(TCB_0007, "deletion in every state") {
    const CPtr e = env.make(ObjectType::endpoint), n = env.make(ObjectType::notification);
    const CPtr reply = env.make(ObjectType::reply), mine = env.make(ObjectType::reply);
    Thread& running = env.thread(
        [] {
            while (true) burn(100);
        },
        {.priority = 1});
    Thread& sending = env.thread([=] { sel4::send(e, MessageInfo::make(1, 0)); });
    env.settle();
    Thread& after = env.thread([=] { sel4::send(e, MessageInfo::make(2, 0)); });
    Thread& waiting = env.thread([=] { sel4::wait(n); });
    env.settle();
    for (const Thread* t : {&running, &sending, &waiting}) env.remove(t->tcb);
    EXPECT_EQ(sel4::nb_recv(e, reply).info.label(), 2);  // the queue is intact
    env.settle();
    EXPECT_TRUE(after.finished);
    Thread& called = env.thread([=] { sel4::call(e, MessageInfo{}); });
    env.settle();
    sel4::nb_recv(e, reply);
    env.remove(called.tcb);
    sel4::reply(reply, MessageInfo{});
    Thread& receiving = env.thread([=] { sel4::recv(e, mine); });
    env.settle();
    env.remove(receiving.tcb);
    sel4::nb_send(e, MessageInfo{});
    EXPECT_EQ(sel4::nb_recv(e, reply).badge, 0);
}

TEST_CASE(TCB_0008, "a thread may delete itself, its context, its space") {
    static volatile unsigned reached;
    reached = 0;
    Thread& a = env.thread([] {}, {.start = ThreadOptions::Start::later});
    Thread& self = env.thread(
        [] {
            static_cast<void>(sel4::cnode_delete(Env::at(threads_tcb)));
            reached = 1;
        },
        {.start = ThreadOptions::Start::later});
    threads_tcb = self.tcb;
    env.resume(self);
    env.settle();
    EXPECT_EQ(reached, 0);
    EXPECT_EQ(sel4::debug_cap_identify(self.tcb), abi::CapTag::null);
    // Its scheduling context: it stays in the call and sees the answer with a new one.
    Thread& c = env.thread(
        [] {
            const auto deleted = sel4::cnode_delete(Env::at(threads_tcb));
            reached = deleted.has_value() ? 2 : 3;
        },
        {.start = ThreadOptions::Start::later});
    threads_tcb = c.sched_context;
    env.resume(c);
    env.settle();
    EXPECT_EQ(reached, 0);
    ASSERT_OK(sel4::sched_context_unbind(a.sched_context));
    ASSERT_OK(sel4::sched_context_bind(a.sched_context, c.tcb));
    env.settle();
    EXPECT_EQ(reached, 2);
}

TEST_CASE(TCB_0010, "flags: only the one that exists") {
    const CPtr tcb = env.make(ObjectType::tcb);
    EXPECT_REPLY(raw(tcb, tcb_set_flags, {0, 0}), Error::none, 0);
    EXPECT_REPLY(raw(tcb, tcb_set_flags, {0, ~0ull}), Error::none, 1);
    EXPECT_REPLY(raw(tcb, tcb_set_flags, {2, 0}), Error::none, 1);
    EXPECT_REPLY(raw(tcb, tcb_set_flags, {1, 1}), Error::none, 1);
    EXPECT_REPLY(raw(tcb, tcb_set_flags, {1, 0}), Error::none, 0);
}

TEST_CASE(TCB_0011, "a thread without space faults at once when it runs") {
    const CPtr handler = env.make(ObjectType::endpoint), reply = env.make(ObjectType::reply);
    const CPtr tcb = env.make(ObjectType::tcb), sc = env.make(ObjectType::sched_context, 8);
    ASSERT_OK(sel4::sched_control_configure(env.sched_control, sc, 5000, 5000));
    ASSERT_OK(sel4::tcb_set_sched_params(tcb, Env::root_tcb, 0, 100, sc, env.mint(handler, 9)));
    ASSERT_OK(sel4::tcb_resume(tcb));
    env.settle();
    const Received fault = sel4::nb_recv(handler, reply);
    EXPECT_EQ(fault.badge, 9);
    EXPECT_EQ(fault.info.word, MessageInfo::make(6, 4).word);
    EXPECT_EQ(fault.words.mr[0], 0);
    EXPECT_EQ(fault.words.mr[2], 1);
}

TEST_CASE(TCB_0012, "domains: one there is") {
    const CPtr tcb = env.make(ObjectType::tcb);
    const Wrong rows[] = {
        {"short", Env::domain, domain_set_set, {}, {tcb}, Error::truncated_message, {}},
        {"domain 1", Env::domain, domain_set_set, {1}, {tcb}, Error::invalid_argument, {0}},
        {"no cap", Env::domain, domain_set_set, {0}, {}, Error::truncated_message, {}},
        {"no thread", Env::domain, domain_set_set, {0}, {Env::cnode}, Error::invalid_argument, {1}},
        {"schedule, short",
         Env::domain,
         domain_set_schedule_configure,
         {0, 0},
         {},
         Error::truncated_message,
         {}},
        {"schedule, index",
         Env::domain,
         domain_set_schedule_configure,
         {1, 0, 1},
         {},
         Error::range_error,
         {0, 0}},
        {"schedule, domain",
         Env::domain,
         domain_set_schedule_configure,
         {0, 1, 1},
         {},
         Error::range_error,
         {0, 0}},
        {"schedule, duration",
         Env::domain,
         domain_set_schedule_configure,
         {0, 0, 1ull << 56},
         {},
         Error::invalid_argument,
         {2}},
        {"schedule, end at start",
         Env::domain,
         domain_set_schedule_configure,
         {0, 0, 0},
         {},
         Error::invalid_argument,
         {2}},
        {"start, short",
         Env::domain,
         domain_set_schedule_set_start,
         {},
         {},
         Error::truncated_message,
         {}},
        {"start, index",
         Env::domain,
         domain_set_schedule_set_start,
         {2},
         {},
         Error::range_error,
         {0, 1}},
        {"start, end marker",
         Env::domain,
         domain_set_schedule_set_start,
         {1},
         {},
         Error::invalid_argument,
         {0}},
    };
    EXPECT_WRONG(rows);
    EXPECT_OK(sel4::domain_set(Env::domain, 0, tcb));
    EXPECT_OK(sel4::domain_set(Env::domain, 0, env.self));
}

TEST_CASE(TCB_0013, "a change of priority takes effect at once") {
    static unsigned order[4];
    static volatile unsigned count;
    count = 0;
    const CPtr n = env.make(ObjectType::notification);
    Thread& a = env.thread(
        [=] {
            sel4::wait(n);
            order[count] = 1;
            count = count + 1;
        },
        {.priority = 50});
    env.settle();
    Thread& b = env.thread(
        [&] {
            sel4::signal(n);  // a is ready now, below
            order[count] = 2;
            count = count + 1;
            static_cast<void>(sel4::tcb_set_priority(a.tcb, Env::root_tcb, 120));  // runs at once
            order[count] = 3;
            count = count + 1;
        },
        {.priority = 100});
    env.settle();
    EXPECT_TRUE(b.finished);
    EXPECT_EQ(count, 3);
    EXPECT_EQ(order[0], 2);
    EXPECT_EQ(order[1], 1);
    EXPECT_EQ(order[2], 3);
}

TEST_CASE(TCB_0015, "a root that is the last capability of a container stays") {
    const CPtr t = env.make(ObjectType::tcb), space = env.make(ObjectType::cnode, 3);
    const CPtr faults = env.make(ObjectType::endpoint);
    ASSERT_OK(sel4::tcb_set_space(t, faults, space, 0, Env::vspace));
    env.remove(space);
    // To replace it would be to delete all its slots, which may take long.
    EXPECT_REPLY(raw(t, tcb_set_space, {0, 0}, {faults, Env::cnode, Env::vspace}),
                 Error::illegal_operation);
}

}  // namespace
}  // namespace target

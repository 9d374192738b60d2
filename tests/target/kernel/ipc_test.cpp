// SPDX-License-Identifier: BSD-2-Clause
// The system calls on endpoints, their failures, queues, registers.
#include "env.hpp"

namespace target {
namespace {

TEST_CASE(IPC_0001, "call and reply carry label, words and badge") {
    const CPtr e = env.make(ObjectType::endpoint), badged = env.mint(e, 0xb00);
    const CPtr reply = env.make(ObjectType::reply);
    Received back{};
    env.thread([&] { back = sel4::call(badged, MessageInfo::make(17, 3), {{1, 2, 3, 4}}); });
    env.settle();
    const Received got = sel4::recv(e, reply);
    EXPECT_EQ(got.badge, 0xb00);
    EXPECT_EQ(got.info.word, MessageInfo::make(17, 3).word);
    EXPECT_EQ(got.words.mr[0], 1);
    EXPECT_EQ(got.words.mr[2], 3);
    EXPECT_EQ(got.words.mr[3], 0);  // beyond the length: as it was
    sel4::reply(reply, MessageInfo::make(18, 1), {{9, 8, 7, 6}});
    env.settle();
    EXPECT_EQ(back.badge, 0);
    EXPECT_EQ(back.info.word, MessageInfo::make(18, 1).word);
    EXPECT_EQ(back.words.mr[0], 9);
    EXPECT_EQ(back.words.mr[1], 2);
    EXPECT_EQ(back.words.mr[3], 4);
}

TEST_CASE(IPC_0002, "calls on kernel objects: empty slots, wrong labels, no lookup") {
    const CPtr empty = env.slots();
    EXPECT_REPLY(raw(empty, 5ull, {1, 2, 3}), Error::invalid_capability, 0);
    EXPECT_REPLY(raw(CPtr{0}, 5ull), Error::invalid_capability, 0);
    const CPtr e = env.make(ObjectType::endpoint);
    EXPECT_REPLY(raw(env.copy(e, abi::rights::read), 5ull), Error::invalid_capability, 0);
    const CPtr n = env.make(ObjectType::notification);
    EXPECT_REPLY(raw(env.copy(n, abi::rights::read), 5ull), Error::invalid_capability, 0);
    EXPECT_REPLY(raw(n, 5ull, {1, 2}), Error::none);  // a signal
    EXPECT_EQ(sel4::nb_wait(n).badge, 0);
    EXPECT_REPLY(raw(env.make(ObjectType::reply), 5ull), Error::none);
    for (const CPtr object :
         {env.untyped, Env::cnode, Env::vspace, Env::irq_control, env.self, env.self_sc,
          env.sched_control, Env::asid_pool, Env::asid_control, Env::domain})
        EXPECT_REPLY(raw(object, 60ull), Error::illegal_operation);
}

TEST_CASE(IPC_0003, "send and NBSend to nothing are silent") {
    const CPtr e = env.make(ObjectType::endpoint);
    sel4::nb_send(e, MessageInfo::make(1, 1));                 // nobody there
    sel4::nb_send(CPtr{1ull << 40}, MessageInfo::make(1, 1));  // no such slot
    sel4::send(env.slots(), MessageInfo::make(1, 1));
    sel4::send(env.copy(e, abi::rights::read), MessageInfo::make(1, 1));
    sel4::nb_send(Env::vspace, MessageInfo::make(99, 0));
    sel4::send(Env::vspace, MessageInfo::make(99, 0));
    const CPtr reply = env.make(ObjectType::reply);
    EXPECT_EQ(sel4::nb_recv(e, reply).badge, 0);
    EXPECT_EQ(sel4::nb_wait(e).badge, 0);
}

TEST_CASE(IPC_0004, "NBSend invokes kernel objects without an answer") {
    const CPtr tcb = env.make(ObjectType::tcb);
    const CPtr e = env.make(ObjectType::endpoint), to = env.slots();
    sel4_ipc_buffer->caps_or_badges[0] = Env::cnode.raw();
    sel4_ipc_buffer->msg[4] = 15;
    const auto copy = static_cast<std::uint64_t>(Invocation::cnode_copy);
    sel4::nb_send(Env::cnode, MessageInfo::make(copy, 5, 1), {{to.raw(), 64, e.raw(), 64}});
    EXPECT_EQ(sel4::debug_cap_identify(to), abi::CapTag::endpoint);
    sel4_ipc_buffer->caps_or_badges[0] = Env::root_tcb.raw();
    sel4::send(tcb,
               MessageInfo::make(static_cast<std::uint64_t>(Invocation::tcb_set_mc_priority), 1, 1),
               {{77, 0, 0, 0}});
    sel4_ipc_buffer->caps_or_badges[0] = tcb.raw();
    EXPECT_REPLY(raw(tcb, Invocation::tcb_set_priority, {78}, {tcb}), Error::range_error, 0, 77);
}

struct ReceiveFault {
    const char* what;
    CPtr source;
    CPtr reply;
    std::uint64_t address;
    bool needs_reply;  // fails only where a reply object is named
};

/// Which receive call to make, by number.
void receive_by(unsigned which, CPtr source, CPtr reply, CPtr harmless) {
    switch (which) {
        case 0:
            sel4::recv(source, reply);
            return;
        case 1:
            sel4::nb_recv(source, reply);
            return;
        case 2:
            sel4::reply_recv(source, reply, MessageInfo{});
            return;
        case 3:
            sel4::nb_send_recv(harmless, MessageInfo{}, {}, source, reply);
            return;
        case 4:
            sel4::wait(source);
            return;
        case 5:
            sel4::nb_wait(source);
            return;
        default:
            sel4::nb_send_wait(harmless, MessageInfo{}, {}, source);
            return;
    }
}

TEST_CASE(IPC_0005, "receiving from what cannot be received from is a fault") {
    const CPtr e = env.make(ObjectType::endpoint), n = env.make(ObjectType::notification);
    const CPtr good = env.make(ObjectType::reply), handler = env.make(ObjectType::endpoint);
    const CPtr answer = env.make(ObjectType::reply), harmless = env.make(ObjectType::notification);
    const CPtr bound = env.make(ObjectType::notification);
    ASSERT_OK(sel4::tcb_bind_notification(env.make(ObjectType::tcb), bound));
    const CPtr empty = env.slots(), writer = env.copy(e, abi::rights::write),
               signaller = env.copy(n, abi::rights::write);
    const ReceiveFault rows[] = {
        {"empty slot", empty, good, empty.raw(), false},
        {"other kind", Env::vspace, good, Env::vspace.raw(), false},
        {"endpoint without read", writer, good, writer.raw(), false},
        {"notification without read", signaller, good, signaller.raw(), false},
        {"bound to another thread", bound, good, bound.raw(), false},
        {"empty reply", e, empty, empty.raw(), true},
        {"reply of another kind", e, Env::vspace, Env::vspace.raw(), true},
    };
    // The thread's calls never return: each fault is answered, and the thread set to the next call.
    struct Next {
        CPtr source, reply;
        unsigned which;
    };
    volatile bool returned = false;
    static Next next;
    const CPtr to_handler = env.mint(handler, 0xfa);
    Thread& t = env.thread(
        [&] {
            receive_by(next.which, next.source, next.reply, harmless);
            returned = true;
        },
        {.start = ThreadOptions::Start::later, .fault_endpoint = to_handler});
    abi::UserContext start{};
    ASSERT_OK(
        sel4::tcb_read_registers(t.tcb, start, abi::user_context_words, sel4::SuspendSource::no));
    for (const ReceiveFault& row : rows) {
        for (unsigned which = 0; which < 7; ++which) {
            if (row.needs_reply && which > 3) continue;
            next = {row.source, row.reply, which};
            ASSERT_OK(sel4::tcb_write_registers(t.tcb, start, abi::user_context_words,
                                                sel4::ResumeTarget::yes));
            env.settle();
            const Received fault = sel4::nb_recv(handler, answer);
            EXPECT_EQ(fault.badge, 0xfa);
            EXPECT_EQ(fault.info.word, MessageInfo::make(1, 5).word);
            EXPECT_EQ(fault.words.mr[1], row.address);
            EXPECT_EQ(fault.words.mr[2], 1);
            EXPECT_EQ(fault.words.mr[3], LookupFailureType::missing_capability);
            EXPECT_EQ(sel4_ipc_buffer->msg[4], 0);
            EXPECT_TRUE(!returned);
            if (returned) {
                fail(__FILE__, __LINE__, row.what);
                return;
            }
            ASSERT_OK(sel4::tcb_suspend(t.tcb));
        }
    }
}

TEST_CASE(IPC_0006, "a notification needs no reply object") {
    const CPtr n = env.make(ObjectType::notification);
    sel4::signal(env.mint(n, 3));
    EXPECT_EQ(sel4::recv(n, env.slots()).badge, 3);
    sel4::signal(env.mint(n, 4));
    EXPECT_EQ(sel4::nb_recv(n, CPtr{1ull << 50}).badge, 4);
}

TEST_CASE(IPC_0007, "call without a way to be answered leaves the caller inactive") {
    const CPtr e = env.make(ObjectType::endpoint), reply = env.make(ObjectType::reply);
    const CPtr weak = env.mint(e, 1, abi::rights::write);
    const CPtr able = env.mint(e, 2, abi::rights::write_grant_reply);
    volatile unsigned answered = 0;
    for (const CPtr through : {weak, able}) {
        env.thread([&, through] {
            sel4::call(through, MessageInfo::make(0, 1), {{5, 0, 0, 0}});
            answered = answered + 1;
        });
        env.settle();
        const Received got = sel4::nb_recv(e, reply);
        EXPECT_EQ(got.badge, through == weak ? 1 : 2);
        EXPECT_EQ(got.words.mr[0], 5);
        sel4::reply(reply, MessageInfo{});
        env.settle();
        EXPECT_EQ(answered, through == weak ? 0 : 1);
    }
    // Received by Wait there is nothing to answer with.
    env.thread([&] {
        sel4::call(able, MessageInfo{});
        answered = answered + 1;
    });
    env.settle();
    EXPECT_EQ(sel4::nb_wait(e).badge, 2);
    sel4::reply(reply, MessageInfo{});
    env.settle();
    EXPECT_EQ(answered, 1);
}

TEST_CASE(IPC_0008, "senders queue by priority, then by age") {
    const CPtr e = env.make(ObjectType::endpoint), reply = env.make(ObjectType::reply);
    const unsigned priorities[] = {100, 110, 100, 120, 110};
    Thread* threads[5];
    for (unsigned i = 0; i < 5; ++i) {
        const CPtr badged = env.mint(e, 10 + i);
        threads[i] = &env.thread([=] { sel4::send(badged, MessageInfo::make(0, 0)); },
                                 {.priority = priorities[i]});
        env.settle();
    }
    ASSERT_OK(sel4::tcb_set_priority(threads[1]->tcb, Env::root_tcb, 110));  // behind its equal
    for (const std::uint64_t expected : {13, 14, 11, 10, 12})
        EXPECT_EQ(sel4::nb_recv(e, reply).badge, expected);
    EXPECT_EQ(sel4::nb_recv(e, reply).badge, 0);
    env.settle();
    for (Thread* t : threads) EXPECT_TRUE(t->finished);
}

TEST_CASE(IPC_0009, "receivers queue by priority too") {
    const CPtr e = env.make(ObjectType::endpoint);
    static unsigned order[3];
    static unsigned count;
    count = 0;
    const unsigned priorities[] = {100, 120, 110};
    for (unsigned i = 0; i < 3; ++i) {
        const CPtr reply = env.make(ObjectType::reply);
        env.thread(
            [=] {
                sel4::recv(e, reply);
                order[count++] = i;
            },
            {.priority = priorities[i]});
        env.settle();
    }
    for (unsigned i = 0; i < 3; ++i) {
        sel4::nb_send(e, MessageInfo{});
        env.settle();
    }
    EXPECT_EQ(count, 3);
    EXPECT_EQ(order[0], 1);
    EXPECT_EQ(order[1], 2);
    EXPECT_EQ(order[2], 0);
}

TEST_CASE(IPC_0010, "ReplyRecv answers one caller and takes the next") {
    const CPtr e = env.make(ObjectType::endpoint), reply = env.make(ObjectType::reply);
    static std::uint64_t results[3];
    for (auto& r : results) r = 0;
    for (unsigned i = 0; i < 3; ++i) {
        const CPtr badged = env.mint(e, 1 + i);
        env.thread([=] {
            Words words{{100 + i, 0, 0, 0}};
            sel4_ipc_buffer->msg[5] = 1000 + i;
            const Received back = sel4::call(badged, MessageInfo::make(0, i == 2 ? 6 : 1), words);
            results[i] = back.words.mr[0] + (i == 2 ? sel4_ipc_buffer->msg[5] : 0);
        });
    }
    env.thread([=] {
        Received got = sel4::recv(e, reply);
        while (true) {
            Words words{{got.words.mr[0] * 2 + got.badge.raw(), 0, 0, 0}};
            if (got.info.length() == 6) sel4_ipc_buffer->msg[5] += 5;
            got = sel4::reply_recv(e, reply, MessageInfo::make(0, got.info.length()), words);
        }
    });
    env.settle();
    EXPECT_EQ(results[0], 201);
    EXPECT_EQ(results[1], 204);
    EXPECT_EQ(results[2], 207 + 1007);
}

TEST_CASE(IPC_0011, "NBSendRecv and NBSendWait send, then receive") {
    const CPtr e = env.make(ObjectType::endpoint), out = env.make(ObjectType::endpoint);
    const CPtr n = env.make(ObjectType::notification);
    const CPtr reply = env.make(ObjectType::reply), other_reply = env.make(ObjectType::reply);
    volatile std::uint64_t got_by_thread = 0;
    env.thread([&] { got_by_thread = sel4::recv(out, other_reply).words.mr[0]; });
    env.thread([&] { sel4::send(e, MessageInfo::make(0, 1), {{55, 0, 0, 0}}); });
    env.settle();
    const Received first =
        sel4::nb_send_recv(out, MessageInfo::make(0, 1), {{44, 0, 0, 0}}, e, reply);
    EXPECT_EQ(first.words.mr[0], 55);
    env.settle();
    EXPECT_EQ(got_by_thread, 44);
    // Nobody receives: the send is dropped, the wait goes on.
    env.thread([&] { sel4::send(e, MessageInfo::make(6, 0)); });
    env.settle();
    EXPECT_EQ(sel4::nb_send_wait(out, MessageInfo::make(0, 1), {{1, 0, 0, 0}}, e).info.label(), 6);
    sel4::signal(env.mint(n, 9));
    EXPECT_EQ(sel4::nb_send_wait(env.slots(), MessageInfo{}, {}, n).badge, 9);
    EXPECT_EQ(sel4::nb_recv(out, reply).badge, 0);
}

TEST_CASE(IPC_0012, "the first phase refuses threads, cnodes and scheduling contexts") {
    const CPtr n = env.make(ObjectType::notification), signal = env.mint(n, 1);
    const CPtr tcb = env.make(ObjectType::tcb);
    const CPtr to = env.slots(), e = env.make(ObjectType::endpoint);
    const auto label = [](Invocation i) { return static_cast<std::uint64_t>(i); };
    sel4::signal(signal);
    sel4_ipc_buffer->caps_or_badges[0] = Env::root_tcb.raw();
    sel4::nb_send_wait(tcb, MessageInfo::make(label(Invocation::tcb_set_mc_priority), 1, 1),
                       {{50, 0, 0, 0}}, n);
    EXPECT_REPLY(raw(tcb, Invocation::tcb_set_priority, {1}, {tcb}), Error::range_error, 0, 0);
    sel4::signal(signal);
    sel4_ipc_buffer->caps_or_badges[0] = Env::cnode.raw();
    sel4_ipc_buffer->msg[4] = 15;
    sel4::nb_send_wait(Env::cnode, MessageInfo::make(label(Invocation::cnode_copy), 5, 1),
                       {{to.raw(), 64, e.raw(), 64}}, n);
    EXPECT_EQ(sel4::debug_cap_identify(to), abi::CapTag::null);
    // An untyped, on the other hand, may be invoked.
    sel4::signal(signal);
    sel4_ipc_buffer->caps_or_badges[0] = Env::cnode.raw();
    sel4_ipc_buffer->msg[4] = to.raw();
    sel4_ipc_buffer->msg[5] = 1;
    sel4::nb_send_wait(env.untyped, MessageInfo::make(label(Invocation::untyped_retype), 6, 1),
                       {{2, 0, 0, 0}}, n);
    EXPECT_EQ(sel4::debug_cap_identify(to), abi::CapTag::endpoint);
}

TEST_CASE(IPC_0013, "deleting an endpoint restarts who is queued there") {
    const CPtr e = env.make(ObjectType::endpoint), sender_cap = env.copy(e);
    const CPtr handler = env.make(ObjectType::endpoint), reply = env.make(ObjectType::reply);
    volatile std::uint64_t call_result = 0;
    volatile bool sent = false;
    env.thread([&] { call_result = sel4::call(sender_cap, MessageInfo{}).info.word; });
    env.thread([&] {
        sel4::send(sender_cap, MessageInfo{});
        sent = true;
    });
    env.settle();
    EXPECT_EQ(call_result, 0);
    ASSERT_OK(sel4::cnode_revoke(Env::at(e)));
    env.remove(e);
    env.settle();
    EXPECT_EQ(call_result, MessageInfo::make(2, 1).word);
    EXPECT_TRUE(sent);
    // A receiver meets the empty slot: a fault in the receive phase.
    const CPtr f = env.make(ObjectType::endpoint), mine = env.make(ObjectType::reply);
    env.thread([&] { sel4::recv(f, mine); }, {.fault_endpoint = env.mint(handler, 5)});
    env.settle();
    env.remove(f);
    env.settle();
    const Received fault = sel4::nb_recv(handler, reply);
    EXPECT_EQ(fault.badge, 5);
    EXPECT_EQ(fault.info.word, MessageInfo::make(1, 5).word);
    EXPECT_EQ(fault.words.mr[1], f.raw());
    EXPECT_EQ(fault.words.mr[2], 1);
}

TEST_CASE(IPC_0014, "reply objects: deletion, reuse, unlinked sends") {
    const CPtr e = env.make(ObjectType::endpoint), reply = env.make(ObjectType::reply);
    volatile unsigned answered = 0;
    const auto caller = [&] {
        sel4::call(e, MessageInfo{});
        answered = answered + 1;
    };
    env.thread(caller);
    env.settle();
    sel4::nb_recv(e, reply);
    env.remove(reply);  // the caller stays inactive
    env.settle();
    EXPECT_EQ(answered, 0);
    const CPtr second = env.make(ObjectType::reply), same = env.copy(second);
    env.thread(caller);
    env.thread(caller);
    env.settle();
    sel4::nb_recv(e, second);
    sel4::nb_recv(e, same);  // one object: the first caller is given up
    sel4::reply(second, MessageInfo{});
    sel4::reply(same, MessageInfo{});
    env.settle();
    EXPECT_EQ(answered, 1);
    // A receiver that offers a reply object loses it to another receiver.
    const CPtr third = env.make(ObjectType::reply), quiet = env.make(ObjectType::endpoint);
    Thread& first = env.thread([&] { sel4::recv(quiet, third); });
    env.settle();
    EXPECT_EQ(sel4::nb_recv(e, third).badge, 0);
    sel4::nb_send(quiet, MessageInfo{});
    env.settle();
    EXPECT_TRUE(!first.finished);
}

TEST_CASE(IPC_0015, "a receiver that loses its reply object becomes inactive") {
    const CPtr e = env.make(ObjectType::endpoint), reply = env.make(ObjectType::reply);
    Thread& receiver = env.thread([&] { sel4::recv(e, reply); });
    env.settle();
    env.remove(reply);
    sel4::nb_send(e, MessageInfo{});
    env.settle();
    EXPECT_TRUE(!receiver.finished);
}

}  // namespace
}  // namespace target

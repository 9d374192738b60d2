// SPDX-License-Identifier: BSD-2-Clause
// Messages: lengths, labels, registers; capabilities in messages.
#include "env.hpp"

namespace target {
namespace {

/// A receiver thread's view, filled in by it.
struct Seen {
    Received got{};
    std::uint64_t caps[3] = {};
    std::uint64_t words[abi::max_message_length] = {};
};

/// Sends `info` with three CPtrs through `through` to a thread that receives on `endpoint` with the
/// given receive slot.
Seen exchange(Env& env, CPtr through, CPtr endpoint, MessageInfo info, const CPtr (&caps)[3],
              SlotPath receive) {
    Seen seen;
    const CPtr reply = env.make(ObjectType::reply);
    env.thread([&seen, endpoint, reply, receive] {
        sel4_ipc_buffer->receive_cnode = receive.root.raw();
        sel4_ipc_buffer->receive_index = receive.index;
        sel4_ipc_buffer->receive_depth = receive.depth;
        for (auto& word : sel4_ipc_buffer->caps_or_badges) word = 0xdead;
        seen.got = sel4::recv(endpoint, reply);
        for (unsigned i = 0; i < 3; ++i) seen.caps[i] = sel4_ipc_buffer->caps_or_badges[i];
    });
    env.settle();
    for (unsigned i = 0; i < 3; ++i) sel4_ipc_buffer->caps_or_badges[i] = caps[i].raw();
    sel4::nb_send(through, info);
    env.settle();
    return seen;
}

TEST_CASE(TRANSFER_0001, "an unwrapped badge, one cap, and no second one") {
    const CPtr e = env.make(ObjectType::endpoint), n = env.make(ObjectType::notification);
    const CPtr other = env.make(ObjectType::endpoint), badged = env.mint(e, 0xeb);
    const CPtr slot = env.slots();
    const Seen seen =
        exchange(env, e, e, MessageInfo::make(0x123, 0, 3), {badged, n, other}, Env::at(slot));
    EXPECT_EQ(seen.got.info.word, MessageInfo::make(0x123, 0, 2, 1).word);
    EXPECT_EQ(seen.caps[0], 0xeb);
    EXPECT_EQ(seen.caps[1], 0xdead);
    EXPECT_EQ(seen.caps[2], 0xdead);
    EXPECT_EQ(sel4::debug_cap_identify(slot), abi::CapTag::notification);
    // It is a copy: revoking the original takes it.
    EXPECT_OK(sel4::cnode_revoke(Env::at(n)));
    EXPECT_EQ(sel4::debug_cap_identify(slot), abi::CapTag::null);
}

TEST_CASE(TRANSFER_0002, "three badges of the same endpoint") {
    const CPtr e = env.make(ObjectType::endpoint);
    const CPtr a = env.mint(e, 1), b = env.mint(e, 2), c = env.mint(e, 3);
    const Seen seen =
        exchange(env, a, e, MessageInfo::make(0, 0, 3), {a, b, c}, Env::at(env.slots()));
    EXPECT_EQ(seen.got.badge, 1);
    EXPECT_EQ(seen.got.info.word, MessageInfo::make(0, 0, 3, 7).word);
    EXPECT_EQ(seen.caps[2], 3);
}

TEST_CASE(TRANSFER_0003, "without grant nothing is transferred") {
    const CPtr e = env.make(ObjectType::endpoint), n = env.make(ObjectType::notification);
    for (const std::uint64_t rights : {1u, 9u, 3u}) {
        const CPtr through = env.copy(e, abi::CapRights{rights}), slot = env.slots();
        const Seen seen =
            exchange(env, through, e, MessageInfo::make(4, 0, 3), {n, n, e}, Env::at(slot));
        EXPECT_EQ(seen.got.info.word, MessageInfo::make(4, 0).word);
        EXPECT_EQ(sel4::debug_cap_identify(slot), abi::CapTag::null);
    }
}

TEST_CASE(TRANSFER_0004, "an unusable receive slot costs the caps, not the message") {
    const CPtr e = env.make(ObjectType::endpoint), n = env.make(ObjectType::notification);
    const CPtr badged = env.mint(e, 8), empty = env.slots(), used = env.make(ObjectType::reply);
    const SlotPath bad[] = {Env::at(used),
                            {Env::cnode, empty.raw(), 12},
                            {Env::cnode, empty.raw(), 0},
                            {n, empty.raw(), 64},
                            {CPtr{0}, empty.raw(), 64}};
    for (const SlotPath& slot : bad) {
        const Seen seen =
            exchange(env, e, e, MessageInfo::make(0, 0, 3), {badged, n, badged}, slot);
        EXPECT_EQ(seen.got.info.word, MessageInfo::make(0, 0, 1, 1).word);
        EXPECT_EQ(seen.caps[0], 8);
    }
    EXPECT_EQ(sel4::debug_cap_identify(empty), abi::CapTag::null);
}

TEST_CASE(TRANSFER_0005, "caps that cannot be derived end the transfer silently") {
    const CPtr e = env.make(ObjectType::endpoint);
    const CPtr parent = env.make(ObjectType::untyped, 12), child = env.slots();
    ASSERT_OK(sel4::untyped_retype(parent, ObjectType::endpoint, 0, Env::cnode, child.raw()));
    const CPtr table = env.make(ObjectType::page_table), vspace = env.make(ObjectType::vspace);
    for (const CPtr cap : {parent, table, vspace, Env::irq_control, env.slots()}) {
        const CPtr slot = env.slots();
        const Seen seen =
            exchange(env, e, e, MessageInfo::make(0, 0, 3), {cap, e, e}, Env::at(slot));
        EXPECT_EQ(seen.got.info.word, 0);
        EXPECT_EQ(sel4::debug_cap_identify(slot), abi::CapTag::null);
    }
}

TEST_CASE(TRANSFER_0006, "an unreadable cap pointer: fault for send, silence for NBSend") {
    const CPtr e = env.make(ObjectType::endpoint), reply = env.make(ObjectType::reply);
    const CPtr bad{1ull << 40};
    const Seen seen =
        exchange(env, e, e, MessageInfo::make(0, 0, 1), {bad, bad, bad}, Env::at(env.slots()));
    EXPECT_EQ(seen.got.info.word, 0);  // nothing arrived: still the initial value
    const CPtr handler = env.make(ObjectType::endpoint);
    env.thread(
        [&] {
            sel4_ipc_buffer->caps_or_badges[0] = bad.raw();
            sel4::call(e, MessageInfo::make(0, 0, 1));
        },
        {.fault_endpoint = env.mint(handler, 0x31)});
    env.settle();
    const Received fault = sel4::nb_recv(handler, reply);
    EXPECT_EQ(fault.badge, 0x31);
    EXPECT_EQ(fault.info.word, MessageInfo::make(1, 7).word);
    EXPECT_EQ(fault.words.mr[1], bad.raw());
    EXPECT_EQ(fault.words.mr[2], 0);
    EXPECT_EQ(fault.words.mr[3], LookupFailureType::guard_mismatch);
    EXPECT_EQ(sel4_ipc_buffer->msg[4], 64);
    EXPECT_EQ(sel4_ipc_buffer->msg[5], 0);
    EXPECT_EQ(sel4_ipc_buffer->msg[6], 52);
}

TEST_CASE(TRANSFER_0007, "caps in replies need grant on the reply cap") {
    const CPtr e = env.make(ObjectType::endpoint), n = env.make(ObjectType::notification);
    const CPtr full = env.make(ObjectType::reply);
    const CPtr weak = env.copy(full, abi::rights::read_write);
    for (const bool grant : {true, false}) {
        const CPtr slot = env.slots();
        volatile std::uint64_t info = 0;
        env.thread([&, slot] {
            sel4_ipc_buffer->receive_cnode = Env::cnode.raw();
            sel4_ipc_buffer->receive_index = slot.raw();
            sel4_ipc_buffer->receive_depth = 64;
            info = sel4::call(e, MessageInfo{}).info.word;
        });
        env.settle();
        sel4::nb_recv(e, full);
        sel4_ipc_buffer->caps_or_badges[0] = n.raw();
        sel4::reply(grant ? full : weak, MessageInfo::make(3, 0, 1));
        env.settle();
        EXPECT_EQ(info, MessageInfo::make(3, 0, grant ? 1 : 0).word);
        EXPECT_EQ(sel4::debug_cap_identify(slot), grant ? 6 : 0);
    }
}

TEST_CASE(TRANSFER_0008, "every length arrives as it was sent, beyond 120 as 120") {
    const CPtr e = env.make(ObjectType::endpoint), reply = env.make(ObjectType::reply);
    static std::uint64_t received[abi::max_message_length];
    for (const unsigned length : {0u, 1u, 2u, 3u, 4u, 5u, 8u, 50u, 119u, 120u, 121u, 127u}) {
        Received got{};
        for (auto& word : received) word = 0;
        env.thread([&, length] {
            Words words{{0x100, 0x101, 0x102, 0x103}};
            for (unsigned i = 4; i < abi::max_message_length; ++i)
                sel4_ipc_buffer->msg[i] = 0x100 + i;
            sel4::send(e, MessageInfo::make(0xf'ffff'ffff'ffff, length), words);
        });
        env.settle();
        for (auto& word : sel4_ipc_buffer->msg) word = 0x5555;
        got = sel4::nb_recv(e, reply);
        const unsigned wanted = length > 120 ? 120 : length;
        EXPECT_EQ(got.info.word, MessageInfo::make(0xf'ffff'ffff'ffff, wanted).word);
        for (unsigned i = 0; i < 4; ++i) EXPECT_EQ(got.words.mr[i], i < wanted ? 0x100 + i : 0);
        for (unsigned i = 4; i < abi::max_message_length; ++i)
            if (sel4_ipc_buffer->msg[i] != (i < wanted ? 0x100 + i : 0x5555))
                EXPECT_EQ(sel4_ipc_buffer->msg[i], i < wanted ? 0x100 + i : 0x5555);
        EXPECT_EQ(sel4_ipc_buffer->msg[0], 0x5555);
    }
}

TEST_CASE(TRANSFER_0009, "without an IPC buffer four words travel and caps are missing") {
    const CPtr e = env.make(ObjectType::endpoint), reply = env.make(ObjectType::reply);
    volatile std::uint64_t info = 0, label = 0;
    Thread& t = env.thread(
        [&] {
            Words words{{1, 2, 3, 4}};
            sel4::send(e, MessageInfo::make(9, 50, 3), words);
            // A kernel object: no caps can be named.
            const Received got = sel4::call(
                Env::cnode,
                MessageInfo::make(static_cast<std::uint64_t>(Invocation::cnode_copy), 5, 1),
                {{env.slots().raw(), 64, e.raw(), 64}});
            label = got.info.word;
            info = sel4::call(e, MessageInfo::make(0, 0)).info.word;
        },
        {.start = ThreadOptions::Start::later});
    ASSERT_OK(sel4::tcb_set_ipc_buffer(t.tcb, 0, CPtr{0}));
    env.resume(t);
    env.settle();
    sel4_ipc_buffer->msg[4] = 0x77;
    const Received got = sel4::nb_recv(e, reply);
    EXPECT_EQ(got.info.word, MessageInfo::make(9, 4).word);
    EXPECT_EQ(got.words.mr[3], 4);
    EXPECT_EQ(sel4_ipc_buffer->msg[4], 0x77);
    env.settle();
    EXPECT_EQ(label, MessageInfo::make(7, 0).word);
    sel4::nb_recv(e, reply);
    sel4::reply(reply, MessageInfo::make(2, 100));
    env.settle();
    EXPECT_EQ(info, MessageInfo::make(2, 4).word);
}

}  // namespace
}  // namespace target

// SPDX-License-Identifier: BSD-2-Clause
// What the checklist does not name: IPC buffers in odd places and with few rights, messages that
// change while they wait, objects named by several capabilities.
#include "env.hpp"
#include "sel4/irq.hpp"

namespace target {
namespace {

abi::IpcBuffer& buffer_of(const Thread& thread) {
    return *reinterpret_cast<abi::IpcBuffer*>(buffer_address(thread.index).raw());
}

/// A thread that sends eight words on `sends`, then waits for a message on `receives`, whose info
/// word it notes.
Thread& talker(Env& env, CPtr sends, CPtr receives, volatile std::uint64_t& info) {
    return env.thread(
        [=, &info] {
            for (unsigned i = 4; i < 8; ++i) sel4_ipc_buffer->msg[i] = 100 + i;
            sel4::send(sends, MessageInfo::make(1, 8), {{1, 2, 3, 4}});
            info = sel4::wait(receives).info.word;
        },
        {.start = ThreadOptions::Start::later});
}

TEST_CASE(BUFFER_0001,
          "a buffer that may only be read serves for sending, one without read for nothing") {
    const CPtr to_us = env.make(ObjectType::endpoint), to_it = env.make(ObjectType::endpoint);
    const CPtr reply = env.make(ObjectType::reply);
    struct Row {
        abi::CapRights rights;
        std::uint64_t sent, received;
    };
    const Row rows[] = {{abi::rights::read_write, 8, 8},
                        {abi::rights::read, 8, 4},
                        {abi::rights::write, 4, 4},
                        {abi::rights::none, 4, 4}};
    for (const Row& row : rows) {
        static volatile std::uint64_t info;
        info = 0;
        Thread& t = talker(env, to_us, to_it, info);
        ASSERT_OK(sel4::tcb_set_ipc_buffer(t.tcb, buffer_address(t.index).raw(),
                                           env.copy(t.buffer_frame, row.rights)));
        env.resume(t);
        env.settle();
        for (unsigned i = 4; i < 8; ++i) sel4_ipc_buffer->msg[i] = 0;
        const Received got = sel4::nb_recv(to_us, reply);
        EXPECT_EQ(got.info.word, MessageInfo::make(1, row.sent).word);
        EXPECT_EQ(sel4_ipc_buffer->msg[7], row.sent == 8 ? 107 : 0);
        env.settle();
        buffer_of(t).msg[7] = 5;
        sel4_ipc_buffer->msg[7] = 77;
        sel4::nb_send(to_it, MessageInfo::make(2, 8));
        env.settle();
        EXPECT_EQ(info, MessageInfo::make(2, row.received).word);
        EXPECT_EQ(buffer_of(t).msg[7], row.received == 8 ? 77 : 5);
    }
}

TEST_CASE(BUFFER_0002, "a buffer at any kilobyte of a large page, mapped or not") {
    constexpr std::uint64_t at = 0x2c00'0000, offset = (1u << 21) - 1024;
    const CPtr page = env.make(ObjectType::large_page);
    const CPtr e = env.make(ObjectType::endpoint), reply = env.make(ObjectType::reply);
    ASSERT_OK(sel4::page_map(page, Env::vspace, VAddr{at}, abi::rights::read_write,
                             abi::page_attributes::normal));
    Thread& t = env.thread([e] { sel4::send(e, MessageInfo::make(3, 5)); },
                           {.start = ThreadOptions::Start::later});
    EXPECT_REPLY(raw(t.tcb, Invocation::tcb_set_ipc_buffer, {at + offset + 512}, {page}),
                 Error::alignment_error);
    // Only the address within the page counts.
    ASSERT_OK(sel4::tcb_set_ipc_buffer(t.tcb, 0x7000'0000'0000 + offset, page));
    reinterpret_cast<abi::IpcBuffer*>(at + offset)->msg[4] = 0x1234;
    ASSERT_OK(sel4::page_unmap(page));
    env.resume(t);
    env.settle();
    EXPECT_EQ(sel4::nb_recv(e, reply).info.word, MessageInfo::make(3, 5).word);
    EXPECT_EQ(sel4_ipc_buffer->msg[4], 0x1234);
}

TEST_CASE(BUFFER_0003, "the buffer goes with the capability to its frame") {
    const CPtr to_us = env.make(ObjectType::endpoint), reply = env.make(ObjectType::reply);
    const CPtr frame = env.make(ObjectType::small_page);
    static volatile std::uint64_t info;
    Thread& t = talker(env, to_us, to_us, info);
    ASSERT_OK(sel4::tcb_set_ipc_buffer(t.tcb, buffer_address(t.index).raw(), frame));
    env.resume(t);
    env.settle();
    ASSERT_OK(sel4::cnode_revoke(Env::at(frame)));  // takes the copy inside the thread
    EXPECT_EQ(sel4::nb_recv(to_us, reply).info.word, MessageInfo::make(1, 4).word);
}

TEST_CASE(FAULT_0014, "a handler without a buffer sees four words and answers with four") {
    const CPtr e = env.make(ObjectType::endpoint), reply = env.make(ObjectType::reply);
    static volatile std::uint64_t info, result;
    info = 0;
    result = 0;
    Thread& handler = env.thread(
        [=] {
            const Received got = sel4::recv(e, reply);
            info = got.info.word;
            // Nine words would set the pc: these do not arrive.
            sel4::reply_recv(e, reply, MessageInfo::make(0, 9), {{got.words.mr[0] + 1, 0, 0, 0}});
        },
        {.priority = 120, .start = ThreadOptions::Start::later});
    ASSERT_OK(sel4::tcb_set_ipc_buffer(handler.tcb, 0, CPtr{0}));
    env.resume(handler);
    env.settle();
    Thread& t = env.thread(
        [] {
            register std::uint64_t x0 asm("x0") = 30;
            register std::uint64_t x7 asm("x7") = 9;
            asm volatile("svc #0" : "+r"(x0) : "r"(x7) : "memory");
            result = x0;
        },
        {.fault_endpoint = e});
    env.settle();
    EXPECT_EQ(info, MessageInfo::make(2, 4).word);
    // The answer set x0; the same call faulted again and waits for its second answer.
    abi::UserContext registers{};
    ASSERT_OK(sel4::tcb_read_registers(t.tcb, registers, 5, sel4::SuspendSource::no));
    EXPECT_EQ(registers.x0, 31);
    EXPECT_EQ(result, 0);
}

TEST_CASE(IPC_0016,
          "a queued message keeps badge and rights; its words are those of the delivery") {
    const CPtr e = env.make(ObjectType::endpoint), reply = env.make(ObjectType::reply);
    const CPtr badged = env.mint(e, 0x77), other = env.make(ObjectType::notification);
    sel4_ipc_buffer->receive_cnode = Env::cnode.raw();
    const CPtr received = env.slots();
    sel4_ipc_buffer->receive_index = received.raw();
    sel4_ipc_buffer->receive_depth = 64;
    Thread& t = env.thread([=] {
        sel4_ipc_buffer->msg[4] = 1;
        sel4_ipc_buffer->caps_or_badges[0] = other.raw();
        sel4::send(badged, MessageInfo::make(4, 5, 1), {{9, 8, 7, 6}});
    });
    env.settle();
    // Its capability goes, another one without rights comes; its buffer changes.
    env.remove(badged);
    ASSERT_OK(sel4::cnode_mint(Env::at(badged), Env::at(e), abi::rights::none, 0x88));
    buffer_of(t).msg[4] = 2;
    const Received got = sel4::nb_recv(e, reply);
    EXPECT_EQ(got.badge, 0x77);
    EXPECT_EQ(got.info.word, MessageInfo::make(4, 5, 1).word);
    EXPECT_EQ(got.words.mr[3], 6);
    EXPECT_EQ(sel4_ipc_buffer->msg[4], 2);
    EXPECT_EQ(sel4::debug_cap_identify(received), abi::CapTag::notification);
    env.settle();
    EXPECT_TRUE(t.finished);
}

TEST_CASE(IPC_0017,
          "a capability that has gone before the delivery costs the caps, not the message") {
    const CPtr e = env.make(ObjectType::endpoint), reply = env.make(ObjectType::reply);
    const CPtr table = env.make(ObjectType::cnode, 2), received = env.slots();
    sel4_ipc_buffer->receive_cnode = Env::cnode.raw();
    sel4_ipc_buffer->receive_index = received.raw();
    sel4_ipc_buffer->receive_depth = 64;
    Thread& t = env.thread([=] {
        sel4_ipc_buffer->caps_or_badges[0] = table.raw();
        sel4::send(e, MessageInfo::make(4, 1, 1), {{9}});
    });
    env.settle();
    buffer_of(t).caps_or_badges[0] = ~0ull;  // names nothing any more
    const Received got = sel4::nb_recv(e, reply);
    EXPECT_EQ(got.info.word, MessageInfo::make(4, 1).word);
    EXPECT_EQ(got.words.mr[0], 9);
    EXPECT_EQ(sel4::debug_cap_identify(received), abi::CapTag::null);
}

TEST_CASE(CNODE_0013, "the longest guard: 63 bits in front of two slots") {
    const CPtr table = env.make(ObjectType::cnode, 1), e = env.make(ObjectType::endpoint);
    constexpr std::uint64_t guard = 0x1234'5678'9abc'def0;  // 63 bits, of which the word keeps 58
    const CPtr root = env.mint(table, abi::cnode_data(0, 63));
    ASSERT_OK(sel4::cnode_copy(SlotPath{root, 1, 64}, Env::at(e), abi::rights::all));
    EXPECT_EQ(sel4::debug_cap_identify(e), abi::CapTag::endpoint);
    EXPECT_REPLY(raw(root, Invocation::cnode_delete, {2, 64}), Error::failed_lookup, 0,
                 as_word(LookupFailureType::guard_mismatch), 64, 0, 63);
    EXPECT_REPLY(raw(root, Invocation::cnode_delete, {0, 63}), Error::failed_lookup, 0,
                 as_word(LookupFailureType::depth_mismatch), 63, 64);
    EXPECT_REPLY(raw(root, Invocation::cnode_delete, {0, 62}), Error::failed_lookup, 0,
                 as_word(LookupFailureType::guard_mismatch), 62, 0, 63);
    const CPtr far = env.mint(table, guard << 6 | 63);
    constexpr std::uint64_t kept = guard << 6 >> 6;
    EXPECT_REPLY(raw(far, Invocation::cnode_delete, {kept << 1 | 1, 64}), Error::none);
    EXPECT_REPLY(raw(root, Invocation::cnode_delete, {1, 64}), Error::none);
    EXPECT_EQ(sel4::debug_cap_identify(e), abi::CapTag::endpoint);
    const CPtr slot = env.slots();
    EXPECT_REPLY(
        raw(Env::cnode, Invocation::cnode_mint,
            {slot.raw(), 64, env.make(ObjectType::cnode, 2).raw(), 64, 15, abi::cnode_data(0, 63)},
            {Env::cnode}),
        Error::illegal_operation);
}

TEST_CASE(IRQ_0011, "a handler lives as long as one capability to it") {
    const CPtr handler = env.slots(), n = env.make(ObjectType::notification);
    ASSERT_OK(sel4::irq_control_get(Env::irq_control, 52, Env::at(handler)));
    ASSERT_OK(sel4::irq_handler_set_notification(handler, n));
    const CPtr copy = env.copy(handler);
    env.remove(handler);
    EXPECT_REPLY(
        raw(Env::irq_control, Invocation::irq_control_get, {52, handler.raw(), 64}, {Env::cnode}),
        Error::revoke_first);
    EXPECT_OK(sel4::irq_handler_ack(copy));
    // The line's own copy of the notification keeps that alive, too.
    env.remove(n);
    EXPECT_OK(sel4::irq_handler_set_notification(copy, env.make(ObjectType::notification)));
    env.remove(copy);
    EXPECT_OK(sel4::irq_control_get(Env::irq_control, 52, Env::at(handler)));
}

TEST_CASE(TCB_0016, "the answer to a page fault writes no register") {
    const CPtr e = env.make(ObjectType::endpoint), reply = env.make(ObjectType::reply);
    static volatile std::uint64_t seen;
    seen = 0;
    // A page fault and its answer change nothing: the pager's words are not the thread's.
    Thread& t = env.thread(
        [] {
            register std::uint64_t x2 asm("x2") = 0xa2;
            register std::uint64_t x1 asm("x1") = 0xa1;
            register std::uint64_t x9 asm("x9") = Env::free_pages.raw();
            asm volatile("ldr x9, [x9]" : "+r"(x9), "+r"(x1), "+r"(x2)::"memory");
            seen = x1 << 16 | x2;
        },
        {.fault_endpoint = e});
    env.settle();
    EXPECT_EQ(sel4::nb_recv(e, reply).info.label(), 6);
    const CPtr frame = env.make(ObjectType::small_page);
    ASSERT_OK(sel4::page_map(frame, Env::vspace, Env::free_pages, abi::rights::read_write,
                             abi::page_attributes::normal));
    sel4::reply(reply, MessageInfo::make(5, 4), {{1, 2, 3, 4}});
    env.settle();
    EXPECT_TRUE(t.finished);
    EXPECT_EQ(seen, 0xa1'00a2);
}

}  // namespace
}  // namespace target

// SPDX-License-Identifier: BSD-2-Clause
// The registers at `svc`: what is kept, what is written.
#include "env.hpp"

namespace target {
namespace {

struct Registers {
    std::uint64_t x[31];
    std::uint64_t flags;
};

/// `svc #immediate` with every register set from `in`; what they hold afterwards.
[[gnu::noinline]] void full_svc(const Registers& in, Registers& out) {
    asm volatile(
        R"(
        sub sp, sp, #128
        stp x29, x30, [sp, #0]
        stp %[in], %[out], [sp, #16]
        stp x18, x19, [sp, #32]
        mov x30, %[in]
        ldr x0, [x30, #248]
        msr nzcv, x0
        ldp x0, x1, [x30, #0]
        ldp x2, x3, [x30, #16]
        ldp x4, x5, [x30, #32]
        ldp x6, x7, [x30, #48]
        ldp x8, x9, [x30, #64]
        ldp x10, x11, [x30, #80]
        ldp x12, x13, [x30, #96]
        ldp x14, x15, [x30, #112]
        ldp x16, x17, [x30, #128]
        ldp x18, x19, [x30, #144]
        ldp x20, x21, [x30, #160]
        ldp x22, x23, [x30, #176]
        ldp x24, x25, [x30, #192]
        ldp x26, x27, [x30, #208]
        ldp x28, x29, [x30, #224]
        ldr x30, [x30, #240]
        svc #0x1234
        str x30, [sp, #64]
        ldr x30, [sp, #24]
        stp x0, x1, [x30, #0]
        stp x2, x3, [x30, #16]
        stp x4, x5, [x30, #32]
        stp x6, x7, [x30, #48]
        stp x8, x9, [x30, #64]
        stp x10, x11, [x30, #80]
        stp x12, x13, [x30, #96]
        stp x14, x15, [x30, #112]
        stp x16, x17, [x30, #128]
        stp x18, x19, [x30, #144]
        stp x20, x21, [x30, #160]
        stp x22, x23, [x30, #176]
        stp x24, x25, [x30, #192]
        stp x26, x27, [x30, #208]
        stp x28, x29, [x30, #224]
        ldr x0, [sp, #64]
        str x0, [x30, #240]
        mrs x0, nzcv
        str x0, [x30, #248]
        ldp x18, x19, [sp, #32]
        ldp x29, x30, [sp, #0]
        add sp, sp, #128
        )" ::[in] "r"(&in),
        [out] "r"(&out)
        : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13",
          "x14", "x15", "x16", "x17", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28",
          "x30", "cc", "memory");
}

Registers pattern(abi::Syscall number, std::uint64_t x0, std::uint64_t x1) {
    Registers r{};
    for (unsigned i = 0; i < 31; ++i) r.x[i] = 0xabcd'0000'0000'0000 + i * 0x0101'0101;
    r.x[0] = x0;
    r.x[1] = x1;
    r.x[7] = static_cast<std::uint64_t>(number);
    r.flags = 0xf000'0000;
    return r;
}

/// All registers from `first` on, and the flags, are as they were.
void expect_kept(const Registers& in, const Registers& out, unsigned first) {
    for (unsigned i = first; i < 31; ++i) EXPECT_EQ(out.x[i], in.x[i]);
    EXPECT_EQ(out.flags, in.flags);
}

TEST_CASE(SYSCALL_0001, "an invocation writes x0 and x1 alone when it has no results") {
    const Registers in =
        pattern(abi::Syscall::call, Env::cnode.raw(), MessageInfo::make(19, 2).word);
    Registers with_words = in;
    with_words.x[2] = env.slots().raw();
    with_words.x[3] = 64;
    Registers out{};
    full_svc(with_words, out);
    EXPECT_EQ(out.x[0], 0);
    EXPECT_EQ(out.x[1], 0);
    expect_kept(with_words, out, 2);
}

TEST_CASE(SYSCALL_0002, "an error writes its words alone") {
    Registers in = pattern(abi::Syscall::call, 0, MessageInfo::make(1, 0).word);
    Registers out{};
    full_svc(in, out);
    EXPECT_EQ(out.x[0], 0);
    EXPECT_EQ(out.x[1], MessageInfo::make(2, 1).word);
    EXPECT_EQ(out.x[2], 0);
    expect_kept(in, out, 3);
}

TEST_CASE(SYSCALL_0003, "send, yield and debug calls write nothing") {
    const CPtr n = env.make(ObjectType::notification);
    for (const abi::Syscall number :
         {abi::Syscall::send, abi::Syscall::nb_send, abi::Syscall::yield}) {
        const Registers in = pattern(number, n.raw(), 0);
        Registers out{};
        full_svc(in, out);
        expect_kept(in, out, 0);
    }
}

TEST_CASE(SYSCALL_0004, "a notification writes x0 alone, an empty poll too") {
    const CPtr n = env.make(ObjectType::notification), e = env.make(ObjectType::endpoint);
    const CPtr badged = env.mint(n, 0x42), reply = env.make(ObjectType::reply);
    for (const abi::Syscall number :
         {abi::Syscall::wait, abi::Syscall::nb_wait, abi::Syscall::recv, abi::Syscall::nb_recv}) {
        sel4::signal(badged);
        const Registers in = pattern(number, n.raw(), 0x1357);
        Registers out{};
        full_svc(in, out);
        EXPECT_EQ(out.x[0], 0x42);
        expect_kept(in, out, 1);
    }
    for (const CPtr source : {n, e}) {
        for (const abi::Syscall number : {abi::Syscall::nb_wait, abi::Syscall::nb_recv}) {
            Registers in = pattern(number, source.raw(), 0x1357);
            in.x[6] = reply.raw();
            Registers out{};
            full_svc(in, out);
            EXPECT_EQ(out.x[0], 0);
            expect_kept(in, out, 1);
        }
    }
}

TEST_CASE(SYSCALL_0005, "a message writes its length of words") {
    const CPtr e = env.make(ObjectType::endpoint), badged = env.mint(e, 0x99);
    const CPtr reply = env.make(ObjectType::reply);
    env.thread([=] { sel4::call(badged, MessageInfo::make(3, 2), {{0x11, 0x22, 0x33, 0x44}}); });
    env.settle();
    Registers in = pattern(abi::Syscall::recv, e.raw(), 0);
    in.x[6] = reply.raw();
    Registers out{};
    full_svc(in, out);
    EXPECT_EQ(out.x[0], 0x99);
    EXPECT_EQ(out.x[1], MessageInfo::make(3, 2).word);
    EXPECT_EQ(out.x[2], 0x11);
    EXPECT_EQ(out.x[3], 0x22);
    expect_kept(in, out, 4);
}

TEST_CASE(SYSCALL_0006, "registers survive calls that block, on both paths") {
    const CPtr e = env.make(ObjectType::endpoint), reply = env.make(ObjectType::reply);
    env.thread([=] {
        Received got = sel4::recv(e, reply);
        while (true)
            got = sel4::reply_recv(e, reply, MessageInfo::make(1, got.info.length()), got.words);
    });
    env.settle();
    // Up to four words may take the fast path, five may not.
    for (unsigned length = 0; length <= 6; ++length) {
        const Registers in =
            pattern(abi::Syscall::call, e.raw(), MessageInfo::make(9, length).word);
        Registers out{};
        full_svc(in, out);
        EXPECT_EQ(out.x[0], 0);
        EXPECT_EQ(out.x[1], MessageInfo::make(1, length).word);
        expect_kept(in, out, 2);  // the words came back
    }
}

TEST_CASE(SYSCALL_0007, "unknown numbers are faults; all 64 bits of x7 count") {
    const CPtr handler = env.make(ObjectType::endpoint), reply = env.make(ObjectType::reply);
    const CPtr to_handler = env.mint(handler, 0x66);
    static Registers in, out;
    static volatile bool returned;
    for (const std::uint64_t number :
         {0ull, 1ull, 0xffff'fff4ull, 0x1'0000'0000ull, ~0ull - 17, ~0ull - 32, 1ull << 63}) {
        in = pattern(abi::Syscall::yield, 0xa0, 0xa1);
        in.x[7] = number;
        out = {};
        returned = false;
        Thread& t = env.thread(
            [] {
                full_svc(in, out);
                returned = true;
            },
            {.fault_endpoint = to_handler});
        env.settle();
        const Received fault = sel4::nb_recv(handler, reply);
        EXPECT_EQ(fault.badge, 0x66);
        EXPECT_EQ(fault.info.word, MessageInfo::make(2, 13).word);
        EXPECT_EQ(fault.words.mr[0], 0xa0);
        EXPECT_EQ(fault.words.mr[2], in.x[2]);
        const std::uint64_t* words = sel4_ipc_buffer->msg;
        EXPECT_EQ(words[6], in.x[6]);
        EXPECT_EQ(words[7], number);
        EXPECT_EQ(words[10], words[8] + 4);
        EXPECT_EQ(words[11] & 0xf000'0000, 0xf000'0000);
        EXPECT_EQ(words[12], number);
        EXPECT_EQ(*reinterpret_cast<const std::uint32_t*>(words[8]), 0xd400'0001 | (0x1234u << 5));
        // Answer: x0..x7 changed, continue behind the svc.
        for (unsigned i = 4; i < 8; ++i) sel4_ipc_buffer->msg[i] = 0xee00 + i;
        sel4_ipc_buffer->msg[8] += 4;
        sel4::reply(reply, MessageInfo::make(0, 9), {{0xee00, 0xee01, 0xee02, 0xee03}});
        env.settle();
        EXPECT_TRUE(returned);
        for (unsigned i = 0; i < 8; ++i) EXPECT_EQ(out.x[i], 0xee00 + i);
        expect_kept(in, out, 8);
        EXPECT_OK(sel4::tcb_suspend(t.tcb));
    }
}

TEST_CASE(SYSCALL_0008, "debug calls with good and bad arguments harm nobody") {
    sel4::debug_name_thread(env.self, "a case, with a \x1b[2J that must not reach a terminal");
    for (std::uint64_t& word : sel4_ipc_buffer->msg) word = 0x4141'4141'4141'4141;
    sel4::detail::trap(abi::Syscall::debug_name_thread, env.self.raw(), 0, {});  // endless
    sel4::debug_name_thread(env.make(ObjectType::endpoint), "no thread");
    sel4::debug_name_thread(CPtr{0xdead'beef'0000}, "nothing");
    sel4::debug_dump_scheduler();
    EXPECT_EQ(sel4::debug_cap_identify(CPtr{0xdead'beef'0000}), 0);
    sel4::debug_name_thread(env.self, "cases");
}

}  // namespace
}  // namespace target

// SPDX-License-Identifier: BSD-2-Clause
// Registers of threads, read and written from outside.
#include "env.hpp"

namespace target {
namespace {

using enum Invocation;

TEST_CASE(TCB_0003, "registers: order, counts, errors") {
    const CPtr tcb = env.make(ObjectType::tcb);
    const Wrong rows[] = {
        {"read, short", tcb, tcb_read_registers, {0}, {}, Error::truncated_message, {}},
        {"read 0", tcb, tcb_read_registers, {0, 0}, {}, Error::range_error, {1, 36}},
        {"read 37", tcb, tcb_read_registers, {0, 37}, {}, Error::range_error, {1, 36}},
        {"read self", env.self, tcb_read_registers, {0, 1}, {}, Error::illegal_operation, {}},
        {"write, short", tcb, tcb_write_registers, {0}, {}, Error::truncated_message, {}},
        {"write, fewer than count",
         tcb,
         tcb_write_registers,
         {0, 3, 1, 2},
         {},
         Error::truncated_message,
         {}},
        {"write self", env.self, tcb_write_registers, {0, 0}, {}, Error::illegal_operation, {}},
        {"copy, short", tcb, tcb_copy_registers, {}, {tcb}, Error::truncated_message, {}},
        {"copy, no cap", tcb, tcb_copy_registers, {0}, {}, Error::truncated_message, {}},
        {"copy, no thread",
         tcb,
         tcb_copy_registers,
         {0},
         {Env::cnode},
         Error::invalid_capability,
         {1}},
        {"tls, short", tcb, tcb_set_tls_base, {}, {}, Error::truncated_message, {}},
        {"flags, short", tcb, tcb_set_flags, {0}, {}, Error::truncated_message, {}},
    };
    EXPECT_WRONG(rows);
    abi::UserContext in{}, out{};
    auto* words = reinterpret_cast<std::uint64_t*>(&in);
    const auto* got = reinterpret_cast<const std::uint64_t*>(&out);
    // A new thread: all zero but the mode bits.
    ASSERT_OK(sel4::tcb_read_registers(tcb, out, 36, sel4::SuspendSource::no));
    for (unsigned i = 0; i < 36; ++i)
        if (i != 2) EXPECT_EQ(got[i], 0);
    EXPECT_EQ(got[2] & ~0x140ull, 0);
    for (unsigned i = 0; i < 36; ++i) words[i] = 0x1111'0000'0000 + i * 4;
    in.spsr = ~0ull;
    ASSERT_OK(sel4::tcb_write_registers(tcb, in, 36, sel4::ResumeTarget::no));
    ASSERT_OK(sel4::tcb_read_registers(tcb, out, 36, sel4::SuspendSource::no));
    for (unsigned i = 0; i < 36; ++i)
        if (i != 2) EXPECT_EQ(got[i], words[i]);
    EXPECT_EQ(got[2] & ~0x100ull, 0xf000'0040);
    // Fewer words leave the others alone.
    words[0] = 0x8888;
    words[3] = 0x9999;
    ASSERT_OK(sel4::tcb_write_registers(tcb, in, 1, sel4::ResumeTarget::no));
    ASSERT_OK(sel4::tcb_read_registers(tcb, out, 5, sel4::SuspendSource::no));
    EXPECT_EQ(got[0], 0x8888);
    EXPECT_EQ(got[3], 0x1111'0000'0000 + 12);
    const Reply reply = raw(tcb, tcb_read_registers, {0, 5});
    EXPECT_EQ(reply.info.word, MessageInfo::make(0, 5).word);
    EXPECT_EQ(reply.mr4, 0x1111'0000'0000 + 16);
}

TEST_CASE(TCB_0004, "copy_registers copies what it is told") {
    const CPtr source = env.make(ObjectType::tcb), target_tcb = env.make(ObjectType::tcb);
    abi::UserContext in{}, out{};
    auto* words = reinterpret_cast<std::uint64_t*>(&in);
    const auto* got = reinterpret_cast<const std::uint64_t*>(&out);
    for (unsigned i = 0; i < 36; ++i) words[i] = 0x1000 + i * 4;
    ASSERT_OK(sel4::tcb_write_registers(source, in, 36, sel4::ResumeTarget::no));
    ASSERT_OK(sel4::tcb_copy_registers(target_tcb, source, sel4::copy_registers::frame));
    ASSERT_OK(sel4::tcb_read_registers(target_tcb, out, 36, sel4::SuspendSource::no));
    for (unsigned i = 3; i < 36; ++i) EXPECT_EQ(got[i], i < 17 ? words[i] : 0);
    ASSERT_OK(sel4::tcb_copy_registers(target_tcb, source, sel4::copy_registers::integer));
    ASSERT_OK(sel4::tcb_read_registers(target_tcb, out, 36, sel4::SuspendSource::no));
    for (unsigned i = 3; i < 36; ++i) EXPECT_EQ(got[i], words[i]);
}

TEST_CASE(TCB_0009, "tls base") {
    static volatile std::uint64_t seen[2];
    seen[0] = 0;
    seen[1] = 0;
    const CPtr n = env.make(ObjectType::notification);
    Thread& t = env.thread([=] {
        std::uint64_t old = 0, value = 0;
        asm volatile("mrs %0, tpidr_el0" : "=r"(old));
        sel4::wait(n);
        asm volatile("mrs %0, tpidr_el0" : "=r"(value));
        seen[0] = value;
        asm volatile("msr tpidr_el0, %0" ::"r"(std::uint64_t{0x4321}));
        // Libsel4 finds the IPC buffer through the thread pointer: plain calls only.
        sel4::yield();
        asm volatile("mrs %0, tpidr_el0" : "=r"(value));
        seen[1] = value;
        asm volatile("msr tpidr_el0, %0" ::"r"(old));
    });
    env.settle();
    ASSERT_OK(sel4::tcb_set_tls_base(t.tcb, 0x1234'5678));
    sel4::signal(n);
    env.settle();
    EXPECT_EQ(seen[0], 0x1234'5678);
    EXPECT_EQ(seen[1], 0x4321);
    std::uint64_t mine = 0, changed = 0;
    asm volatile("mrs %0, tpidr_el0" : "=r"(mine));
    ASSERT_OK(sel4::tcb_set_tls_base(env.self, mine));
    asm volatile("mrs %0, tpidr_el0" : "=r"(changed));
    EXPECT_EQ(changed, mine);
}

}  // namespace
}  // namespace target

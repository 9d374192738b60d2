// SPDX-License-Identifier: BSD-2-Clause
// Floating-point registers: each thread's own, kept over everything.
#include "env.hpp"

namespace target {
namespace {

std::uint64_t read_d(unsigned which) {
    std::uint64_t value = 0;
    if (which == 0) {
        asm volatile("fmov %0, d0" : "=r"(value));
    } else {
        asm volatile("mov %0, v31.d[1]" : "=r"(value));
    }
    return value;
}
void write_d(std::uint64_t value) {
    asm volatile("fmov d0, %0\n\tmov v31.d[1], %0" ::"r"(value));
}

TEST_CASE(FPU_0001, "threads have registers of their own, zero at first") {
    const CPtr n = env.make(ObjectType::notification);
    static volatile std::uint64_t wrong, done;
    wrong = 0;
    done = 0;
    write_d(0xcafe);
    for (std::uint64_t i = 1; i <= 3; ++i)
        env.thread([=] {
            if (read_d(0) != 0 || read_d(1) != 0) wrong = wrong + 1;
            for (std::uint64_t round = 0; round < 20; ++round) {
                write_d(i * 1000 + round);
                sel4::signal(n);
                sel4::yield();
                if (read_d(0) != i * 1000 + round || read_d(1) != i * 1000 + round)
                    wrong = wrong + 1;
            }
            done = done + 1;
        });
    env.settle();
    EXPECT_EQ(done, 3);
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(read_d(0), 0xcafe);
    EXPECT_EQ(read_d(1), 0xcafe);
}

TEST_CASE(FPU_0002, "they survive IPC, faults and the death of others") {
    const CPtr e = env.make(ObjectType::endpoint), r = env.make(ObjectType::reply);
    const CPtr handler = env.make(ObjectType::endpoint), reply = env.make(ObjectType::reply);
    static volatile std::uint64_t seen[2];
    seen[0] = 0;
    seen[1] = 0;
    env.thread([=] {
        Received got = sel4::recv(e, r);
        while (true) {
            write_d(0x999);
            got = sel4::reply_recv(e, r, got.info);
        }
    });
    env.settle();
    env.thread(
        [=] {
            write_d(0x123);
            sel4::call(e, MessageInfo{});
            seen[0] = read_d(0);
            asm volatile("brk #3");
            seen[1] = read_d(0);
        },
        {.fault_endpoint = handler});
    env.settle();
    EXPECT_EQ(seen[0], 0x123);
    const Received fault = sel4::nb_recv(handler, reply);
    Thread& other = env.thread([] { write_d(0x555); });
    env.settle();
    env.remove(other.tcb);
    sel4::reply(reply, MessageInfo::make(0, 1), {{fault.words.mr[0] + 4, 0, 0, 0}});
    env.settle();
    EXPECT_EQ(seen[1], 0x123);
}

TEST_CASE(FPU_0003, "a thread with the flag faults; its state is back without it") {
    const CPtr handler = env.make(ObjectType::endpoint), reply = env.make(ObjectType::reply);
    const CPtr go = env.make(ObjectType::notification);
    static volatile std::uint64_t seen, others;
    seen = 0;
    others = 0;
    Thread& t = env.thread(
        [=] {
            write_d(0x42);
            sel4::wait(go);
            seen = read_d(0);
        },
        {.fault_endpoint = handler});
    env.settle();
    EXPECT_EQ(*sel4::tcb_set_flags(t.tcb, 0, abi::tcb_flags::fpu_disabled), 1);
    sel4::signal(go);
    env.settle();
    EXPECT_EQ(seen, 0);
    const Received fault = sel4::nb_recv(handler, reply);
    EXPECT_EQ(fault.info.word, MessageInfo::make(3, 5).word);
    EXPECT_EQ(fault.words.mr[3], 0x1fe0'0000);
    env.thread([] {
        write_d(7);
        sel4::yield();
        others = read_d(0);
    });
    env.settle();
    EXPECT_EQ(others, 7);
    EXPECT_EQ(*sel4::tcb_set_flags(t.tcb, abi::tcb_flags::fpu_disabled, 0), 0);
    sel4::reply(reply, MessageInfo{});  // length 0: the instruction again
    env.settle();
    EXPECT_EQ(seen, 0x42);
}

TEST_CASE(FPU_0004, "the flag takes effect on the running caller at once") {
    const CPtr handler = env.make(ObjectType::endpoint), reply = env.make(ObjectType::reply);
    static CPtr own{0};
    static volatile bool passed;
    passed = false;
    Thread& t = env.thread(
        [] {
            write_d(1);
            static_cast<void>(sel4::tcb_set_flags(own, 0, 1));
            write_d(2);
            passed = true;
        },
        {.start = ThreadOptions::Start::later, .fault_endpoint = handler});
    own = t.tcb;
    env.resume(t);
    env.settle();
    EXPECT_TRUE(!passed);
    EXPECT_EQ(sel4::nb_recv(handler, reply).words.mr[3], 0x1fe0'0000);
}

}  // namespace
}  // namespace target

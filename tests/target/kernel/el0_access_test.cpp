// SPDX-License-Identifier: BSD-2-Clause
// What user mode may execute (sel4-abi 11.4), with what this kernel exports beyond that: counters
// to all, the physical timer to threads whose MCP is above 0, performance counters to all.
#include "env.hpp"

namespace target {
namespace {

constexpr std::uint64_t no_fault = 0;
constexpr std::uint64_t undefined = 0x0200'0000;
constexpr std::uint64_t trapped = 0x6000'0000;  // class 0x18; the register is not compared

struct Access {
    const char* what;
    void (*execute)();
    std::uint64_t syndrome;  // no_fault, or that of the UserException
};

#define READ(register_name)                                             \
    [] {                                                                \
        std::uint64_t value;                                            \
        asm volatile("mrs %0, " register_name : "=r"(value)::"memory"); \
    }

constexpr Access for_all[] = {
    {"counter", READ("cntpct_el0"), no_fault},
    {"counter frequency", READ("cntfrq_el0"), no_fault},
    {"cycle counter", READ("pmccntr_el0"), no_fault},
    {"cache type", READ("ctr_el0"), no_fault},
    {"virtual counter", READ("cntvct_el0"), trapped},
    {"virtual timer", READ("cntv_ctl_el0"), trapped},
    {"interrupt mask", READ("daif"), trapped},
    {"identification", READ("midr_el1"), undefined},
    {"breakpoint", [] { asm volatile("brk #5"); }, 0xf200'0005},
    {"hypervisor call", [] { asm volatile("hvc #0"); }, undefined},
    {"wait for event", [] { asm volatile("sevl\n\twfe"); }, no_fault},
};

constexpr Access timer[] = {
    {"timer control", READ("cntp_ctl_el0"), trapped},
    {"timer compare value", READ("cntp_cval_el0"), trapped},
    {"timer write", [] { asm volatile("msr cntp_ctl_el0, xzr"); }, trapped},
};

/// Executes on a thread of its own; its UserException, or no_fault.
std::uint64_t syndrome_of(Env& env, void (*execute)(), unsigned mcp, CPtr handler, CPtr badged,
                          CPtr reply) {
    Thread& thread = env.thread([execute] { execute(); }, {.mcp = mcp, .fault_endpoint = badged});
    env.settle();
    if (thread.finished) return no_fault;
    const Received fault = sel4::nb_recv(handler, reply);
    EXPECT_EQ(fault.info.word, MessageInfo::make(3, 5).word);
    EXPECT_OK(sel4::tcb_suspend(thread.tcb));
    const std::uint64_t syndrome = fault.words.mr[3];
    return syndrome >> 26 == trapped >> 26 ? trapped : syndrome;
}

TEST_CASE(ACCESS_0001, "counters are for all, other system registers for nobody") {
    const CPtr handler = env.make(ObjectType::endpoint), reply = env.make(ObjectType::reply);
    const CPtr badged = env.mint(handler, 1);
    for (const Access& row : for_all) {
        const std::uint64_t got = syndrome_of(env, row.execute, 0, handler, badged, reply);
        if (got != row.syndrome) fail_values(__FILE__, __LINE__, row.what, got, row.syndrome);
    }
}

TEST_CASE(ACCESS_0002, "the physical timer is for threads with an MCP above 0") {
    const CPtr handler = env.make(ObjectType::endpoint), reply = env.make(ObjectType::reply);
    const CPtr badged = env.mint(handler, 1);
    for (const Access& row : timer) {
        for (const unsigned mcp : {0u, 1u, 0u}) {
            const std::uint64_t got = syndrome_of(env, row.execute, mcp, handler, badged, reply);
            const std::uint64_t wanted = mcp == 0 ? row.syndrome : no_fault;
            if (got != wanted) fail_values(__FILE__, __LINE__, row.what, got, wanted);
        }
    }
}

TEST_CASE(ACCESS_0003, "a change of the caller's own MCP takes effect at once") {
    const CPtr handler = env.make(ObjectType::endpoint), reply = env.make(ObjectType::reply);
    const CPtr badged = env.mint(handler, 1);
    static CPtr own;
    static volatile unsigned reached;
    own = CPtr{0};
    reached = 0;
    Thread& thread = env.thread(
        [] {
            timer[0].execute();
            reached = 1;
            static_cast<void>(sel4::tcb_set_mc_priority(own, Env::root_tcb, 0));
            reached = 2;
            timer[0].execute();
            reached = 3;
        },
        {.mcp = 5, .start = ThreadOptions::Start::later, .fault_endpoint = badged});
    own = thread.tcb;
    env.resume(thread);
    env.settle();
    EXPECT_EQ(reached, 2);
    EXPECT_EQ(sel4::nb_recv(handler, reply).info.label(), 3);
    EXPECT_OK(sel4::tcb_set_mc_priority(own, Env::root_tcb, 1));
    sel4::reply(reply, MessageInfo{});
    env.settle();
    EXPECT_EQ(reached, 3);
    EXPECT_TRUE(thread.finished);
}

TEST_CASE(ACCESS_0004, "threads with an MCP use the timer in turn, one without not in between") {
    const CPtr handler = env.make(ObjectType::endpoint), reply = env.make(ObjectType::reply);
    const CPtr badged = env.mint(handler, 1);
    const auto use_often = [] {
        for (unsigned i = 0; i < 10; ++i) {
            timer[i % 2].execute();
            sel4::yield();
        }
    };
    Thread& one = env.thread(use_often, {.mcp = 5, .fault_endpoint = badged});
    Thread& two = env.thread(use_often, {.mcp = 5, .fault_endpoint = badged});
    Thread& without = env.thread(use_often, {.mcp = 0, .fault_endpoint = badged});
    env.settle();
    EXPECT_TRUE(one.finished);
    EXPECT_TRUE(two.finished);
    EXPECT_TRUE(!without.finished);
    EXPECT_EQ(sel4::nb_recv(handler, reply).info.label(), 3);
    EXPECT_EQ(sel4::nb_recv(handler, reply).badge.raw(), 0);
    EXPECT_OK(sel4::tcb_suspend(without.tcb));
}

}  // namespace
}  // namespace target

// SPDX-License-Identifier: BSD-2-Clause
// Faults: messages, answers, handlers.
#include "env.hpp"

namespace target {
namespace {

struct FaultSetup {
    CPtr handler, badged, reply;
    explicit FaultSetup(Env& env)
        : handler(env.make(ObjectType::endpoint)),
          badged(env.mint(handler, 0xfa17)),
          reply(env.make(ObjectType::reply)) {}
};

std::uint32_t instruction_at(std::uint64_t address) {
    return *reinterpret_cast<const std::uint32_t*>(address);
}

constexpr std::uint64_t unmapped = 0x7000'0000;

TEST_CASE(FAULT_0001, "data faults name the address and the kind of access") {
    FaultSetup f(env);
    struct Row {
        bool write;
        std::uint64_t address;
        std::uint64_t fsr;
    };
    const Row rows[] = {{false, unmapped, 0x9200'0000 | 6},
                        {true, unmapped, 0x9200'0040 | 6},
                        {false, 0x10'0000'0000, 0x9200'0000 | 5},
                        {false, 0x7fff'ffff'fff8, 0x9200'0000 | 4},
                        {false, Env::free_pages.raw() + 0x1238, 0x9200'0000 | 7}};
    for (const Row& row : rows) {
        Thread& t = env.thread(
            [row] {
                auto* word = reinterpret_cast<volatile std::uint64_t*>(row.address);
                if (row.write) {
                    *word = 1;
                } else {
                    static_cast<void>(*word);
                }
            },
            {.fault_endpoint = f.badged});
        env.settle();
        const Received fault = sel4::nb_recv(f.handler, f.reply);
        EXPECT_EQ(fault.badge, 0xfa17);
        EXPECT_EQ(fault.info.word, MessageInfo::make(6, 4).word);
        EXPECT_EQ(fault.words.mr[1], row.address);
        EXPECT_EQ(fault.words.mr[2], 0);
        EXPECT_EQ(fault.words.mr[3] & ~0x3full, row.fsr & ~0x3full);
        EXPECT_EQ(fault.words.mr[3] & 0x3c, 4);  // a translation fault, of the level of the tables
        EXPECT_TRUE(fault.words.mr[0] >= 0x400000 && fault.words.mr[0] < 0x600000);
        EXPECT_OK(sel4::tcb_suspend(t.tcb));
    }
}

TEST_CASE(FAULT_0002, "a fault is retried when it is answered, whatever the label") {
    FaultSetup f(env);
    const CPtr frame = env.make(ObjectType::small_page);
    static volatile std::uint64_t seen;
    seen = 0;
    env.thread([] { seen = *reinterpret_cast<volatile std::uint64_t*>(Env::free_pages.raw()) + 1; },
               {.fault_endpoint = f.badged});
    env.settle();
    EXPECT_EQ(sel4::nb_recv(f.handler, f.reply).info.label(), 6);
    sel4::reply(f.reply, MessageInfo::make(7, 0));
    env.settle();
    EXPECT_EQ(seen, 0);
    EXPECT_EQ(sel4::nb_recv(f.handler, f.reply).info.label(), 6);
    ASSERT_OK(sel4::page_map(frame, Env::vspace, Env::free_pages, abi::rights::read_write,
                             abi::page_attributes::normal));
    sel4::reply(f.reply, MessageInfo{});
    env.settle();
    EXPECT_EQ(seen, 1);
}

TEST_CASE(FAULT_0003, "instruction faults") {
    FaultSetup f(env);
    env.thread([] { reinterpret_cast<void (*)()>(unmapped)(); }, {.fault_endpoint = f.badged});
    env.settle();
    const Received fault = sel4::nb_recv(f.handler, f.reply);
    EXPECT_EQ(fault.info.word, MessageInfo::make(6, 4).word);
    EXPECT_EQ(fault.words.mr[0], unmapped);
    EXPECT_EQ(fault.words.mr[1], unmapped);
    EXPECT_EQ(fault.words.mr[2], 1);
    EXPECT_EQ(fault.words.mr[3], 0x8200'0005);
}

struct Trap {
    std::uint32_t instruction;
    std::uint64_t esr;
};

TEST_CASE(FAULT_0004, "user exceptions carry the syndrome") {
    FaultSetup f(env);
    const CPtr frame = env.make(ObjectType::small_page);
    ASSERT_OK(sel4::page_map(frame, Env::vspace, Env::free_pages, abi::rights::read_write,
                             abi::page_attributes::normal));
    auto* code = reinterpret_cast<volatile std::uint32_t*>(Env::free_pages.raw());
    const Trap traps[] = {{0x0000'0000, 0x0200'0000},   // undefined
                          {0xd420'00e0, 0xf200'0007},   // brk #7
                          {0xd400'0002, 0x0200'0000},   // hvc
                          {0xd538'0000, 0x0200'0000},   // mrs x0, midr_el1
                          {0xd53b'4221, 0x6232'd025}};  // mrs x1, daif
    for (const Trap& trap : traps) {
        code[0] = trap.instruction;
        code[1] = 0xd65f'03c0;  // ret
        asm volatile("dc cvau, %0\n\tdsb ish\n\tic ivau, %0\n\tdsb ish\n\tisb" ::"r"(code)
                     : "memory");
        static volatile bool resumed;
        resumed = false;
        Thread& t = env.thread(
            [] {
                reinterpret_cast<void (*)()>(Env::free_pages.raw())();
                resumed = true;
            },
            {.fault_endpoint = f.badged});
        env.settle();
        const Received fault = sel4::nb_recv(f.handler, f.reply);
        EXPECT_EQ(fault.badge, 0xfa17);
        EXPECT_EQ(fault.info.word, MessageInfo::make(3, 5).word);
        EXPECT_EQ(fault.words.mr[0], Env::free_pages.raw());
        EXPECT_EQ(fault.words.mr[3], trap.esr);
        EXPECT_EQ(sel4_ipc_buffer->msg[4], 0);
        sel4::reply(f.reply, MessageInfo::make(0, 1), {{fault.words.mr[0] + 4, 0, 0, 0}});
        env.settle();
        EXPECT_TRUE(resumed);
        EXPECT_OK(sel4::tcb_suspend(t.tcb));
    }
}

TEST_CASE(FAULT_0005, "an answer may set pc, sp and flags; a label stops the thread") {
    FaultSetup f(env);
    static volatile std::uint64_t flags, sp;
    const auto body = [] {
        std::uint64_t got_flags = 0, got_sp = 0;
        asm volatile("mov x9, sp\n\tbrk #1\n\tmrs %0, nzcv\n\tmov %1, sp\n\tmov sp, x9"
                     : "=r"(got_flags), "=r"(got_sp)::"x9", "cc", "memory");
        flags = got_flags;
        sp = got_sp;
    };
    flags = 0;
    sp = 0;
    env.thread(body, {.fault_endpoint = f.badged});
    env.settle();
    const Received fault = sel4::nb_recv(f.handler, f.reply);
    EXPECT_EQ(fault.words.mr[2] & 0xfffffff & ~0x140ull, 0);
    sel4::reply(f.reply, MessageInfo::make(0, 3),
                {{fault.words.mr[0] + 4, fault.words.mr[1] - 256, 0x5000'03cf, 0}});
    env.settle();
    EXPECT_EQ(flags, 0x5000'0000);  // the mode bits are not for users
    EXPECT_EQ(sp, fault.words.mr[1] - 256);
    Thread& stopped = env.thread(body, {.fault_endpoint = f.badged});
    env.settle();
    sp = 0;
    const Received second = sel4::nb_recv(f.handler, f.reply);
    sel4::reply(f.reply, MessageInfo::make(1, 1), {{second.words.mr[0] + 4, 0, 0, 0}});
    env.settle();
    EXPECT_EQ(sp, 0);
    // The words of the answer were taken all the same: resumed, it goes on behind the brk.
    ASSERT_OK(sel4::tcb_resume(stopped.tcb));
    env.settle();
    EXPECT_TRUE(sp != 0);
}

TEST_CASE(FAULT_0006, "unknown system calls: length, label, repetition") {
    FaultSetup f(env);
    static volatile std::uint64_t result;
    const auto body = [] {
        register std::uint64_t x0 asm("x0") = 1;
        register std::uint64_t x7 asm("x7") = 77;
        asm volatile("svc #0" : "+r"(x0) : "r"(x7) : "memory");
        result = x0;
    };
    result = 0;
    env.thread(body, {.fault_endpoint = f.badged});
    env.settle();
    const Received first = sel4::nb_recv(f.handler, f.reply);
    EXPECT_EQ(first.info.word, MessageInfo::make(2, 13).word);
    const std::uint64_t at = sel4_ipc_buffer->msg[8];
    EXPECT_EQ(instruction_at(at), 0xd400'0001);
    // Label 0 without words: the same svc again.
    sel4::reply(f.reply, MessageInfo{});
    env.settle();
    EXPECT_EQ(result, 0);
    EXPECT_EQ(sel4::nb_recv(f.handler, f.reply).info.label(), 2);
    EXPECT_EQ(sel4_ipc_buffer->msg[8], at);
    // One word: x0 only.
    sel4::reply(f.reply, MessageInfo::make(0, 1), {{41, 0, 0, 0}});
    env.settle();
    EXPECT_EQ(sel4::nb_recv(f.handler, f.reply).words.mr[0], 41);
    sel4_ipc_buffer->msg[8] = at + 4;
    sel4_ipc_buffer->msg[7] = 0;
    sel4::reply(f.reply, MessageInfo::make(0, 9), {{42, 0, 0, 0}});
    env.settle();
    EXPECT_EQ(result, 42);
    // A label: inactive.
    result = 0;
    env.thread(body, {.fault_endpoint = f.badged});
    env.settle();
    sel4::nb_recv(f.handler, f.reply);
    sel4_ipc_buffer->msg[8] = at + 4;
    sel4::reply(f.reply, MessageInfo::make(3, 9), {{43, 0, 0, 0}});
    env.settle();
    EXPECT_EQ(result, 0);
}

TEST_CASE(FAULT_0007, "a capability fault is retried") {
    FaultSetup f(env);
    const CPtr slot = env.slots(), n = env.make(ObjectType::notification);
    static volatile std::uint64_t got;
    got = 0;
    env.thread([=] { got = sel4::wait(slot).badge.raw(); }, {.fault_endpoint = f.badged});
    env.settle();
    const Received fault = sel4::nb_recv(f.handler, f.reply);
    EXPECT_EQ(fault.info.word, MessageInfo::make(1, 5).word);
    EXPECT_EQ(instruction_at(fault.words.mr[0]), 0xd400'0001);
    EXPECT_EQ(fault.words.mr[1], slot.raw());
    EXPECT_EQ(fault.words.mr[2], 1);
    EXPECT_EQ(fault.words.mr[3], 2);
    ASSERT_OK(sel4::cnode_copy(Env::at(slot), Env::at(n), abi::rights::all));
    sel4::signal(env.mint(n, 12));
    sel4::reply(f.reply, MessageInfo::make(99, 0));
    env.settle();
    EXPECT_EQ(got, 12);
}

TEST_CASE(FAULT_0008, "without a handler the thread stops and nothing else") {
    static volatile bool after;
    after = false;
    Thread& t = env.thread(
        [] {
            asm volatile("brk #1");
            after = true;
        },
        {.fault_endpoint = sel4::null_cap});
    env.settle();
    EXPECT_TRUE(!after);
    abi::UserContext context{};
    ASSERT_OK(sel4::tcb_read_registers(t.tcb, context, 3, sel4::SuspendSource::no));
    context.pc += 4;
    ASSERT_OK(sel4::tcb_write_registers(t.tcb, context, 1, sel4::ResumeTarget::yes));
    env.settle();
    EXPECT_TRUE(after);
}

TEST_CASE(FAULT_0009, "received by Wait a fault cannot be answered") {
    FaultSetup f(env);
    env.thread([] { asm volatile("brk #1"); }, {.fault_endpoint = f.badged});
    env.settle();
    EXPECT_EQ(sel4::nb_wait(f.handler).info.word, MessageInfo::make(3, 5).word);
    sel4::reply(f.reply, MessageInfo{});
    env.settle();
    EXPECT_EQ(sel4::nb_recv(f.handler, f.reply).badge, 0);
}

TEST_CASE(FAULT_0010, "faulters queue on a busy handler by priority") {
    FaultSetup f(env);
    const unsigned priorities[] = {100, 120, 110};
    for (unsigned i = 0; i < 3; ++i) {
        env.thread([] { asm volatile("brk #1"); },
                   {.priority = priorities[i], .fault_endpoint = env.mint(f.handler, 1 + i)});
        env.settle();
    }
    for (const std::uint64_t badge : {2, 3, 1})
        EXPECT_EQ(sel4::nb_recv(f.handler, f.reply).badge, badge);
}

TEST_CASE(FAULT_0011, "the handler's endpoint is deleted under a queued faulter") {
    FaultSetup f(env);
    static volatile bool after;
    after = false;
    Thread& t = env.thread(
        [] {
            asm volatile("brk #1");
            after = true;
        },
        {.fault_endpoint = f.badged});
    env.settle();
    env.remove(f.handler);
    env.remove(f.badged);
    env.settle();
    EXPECT_TRUE(!after);
    // The thread's own copy keeps the endpoint; clearing it ends the endpoint and the wait.
    ASSERT_OK(
        sel4::tcb_set_sched_params(t.tcb, Env::root_tcb, 0, 100, t.sched_context, sel4::null_cap));
    abi::UserContext context{};
    ASSERT_OK(sel4::tcb_read_registers(t.tcb, context, 1, sel4::SuspendSource::no));
    context.pc += 4;
    ASSERT_OK(sel4::tcb_write_registers(t.tcb, context, 1, sel4::ResumeTarget::yes));
    env.settle();
    EXPECT_TRUE(after);
}

TEST_CASE(FAULT_0012, "suspending a faulter drops its fault") {
    FaultSetup f(env);
    Thread& t = env.thread([] { asm volatile("brk #1"); }, {.fault_endpoint = f.badged});
    env.settle();
    ASSERT_OK(sel4::tcb_suspend(t.tcb));
    EXPECT_EQ(sel4::nb_recv(f.handler, f.reply).badge, 0);
    ASSERT_OK(sel4::tcb_resume(t.tcb));
    env.settle();
    EXPECT_EQ(sel4::nb_recv(f.handler, f.reply).badge, 0xfa17);
}

TEST_CASE(FAULT_0013, "which instructions EL0 may execute") {
    static volatile std::uint64_t done;
    done = 0;
    env.thread([] {
        std::uint64_t value = 0;
        asm volatile("mrs %0, ctr_el0" : "=r"(value));
        asm volatile("dc civac, %0\n\tdc cvac, %0\n\tdc cvau, %0\n\tic ivau, %0" ::"r"(&value)
                     : "memory");
        asm volatile("mrs %0, dczid_el0" : "=r"(value));
        asm volatile("mrs %0, cntpct_el0" : "=r"(value));
        asm volatile("mrs %0, cntfrq_el0" : "=r"(value));
        asm volatile("yield");
        auto* unaligned = reinterpret_cast<volatile std::uint64_t*>(
            reinterpret_cast<std::uintptr_t>(sel4_ipc_buffer) + 801);
        *unaligned = 5;
        done = *unaligned;
    });
    env.settle();
    EXPECT_EQ(done, 5);
}

}  // namespace
}  // namespace target

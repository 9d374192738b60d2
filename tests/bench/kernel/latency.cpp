// SPDX-License-Identifier: BSD-2-Clause
// How long an interrupt waits at most while the kernel is in its longest operations: from the
// moment it is due to the first instruction of its thread.
#include "meter.hpp"
#include "sel4/irq.hpp"
#include "support.hpp"

namespace bench {
namespace {

using abi::ObjectType;

constexpr unsigned priority = 100;
constexpr unsigned table_bits = 10;
constexpr std::uint64_t timer_irq = 30;
constexpr std::uint64_t instructions_per_tick = 16;  // at 62.5 MHz, one a nanosecond
constexpr std::uint64_t alarm_ticks = 437;           // out of step with what the kernel repeats

void set_timer(std::uint64_t at, std::uint64_t control) {
    asm volatile("msr cntp_cval_el0, %0\n\tmsr cntp_ctl_el0, %1\n\tisb" ::"r"(at), "r"(control)
                 : "memory");
}

std::uint64_t cycles() {
    std::uint64_t value;
    asm volatile("mrs %0, pmccntr_el0" : "=r"(value)::"memory");
    return value;
}

/// One alarm; how many instructions it was late.
std::uint64_t late_alarm(CPtr notification, CPtr handler) {
    const std::uint64_t ticks = target::now_ticks();
    const std::uint64_t start = cycles();
    set_timer(ticks + alarm_ticks, 1);
    sel4::wait(notification);
    const std::uint64_t passed = cycles() - start;
    set_timer(0, 2);
    EXPECT_OK(sel4::irq_handler_ack(handler));
    return passed - alarm_ticks * instructions_per_tick;
}

/// Does `operation` while alarms interrupt it.
template <typename Operation>
void interrupted(Env& env, const char* key, Operation operation) {
    const CPtr handler = env.slots(), notification = env.make(ObjectType::notification);
    set_timer(0, 2);
    EXPECT_OK(sel4::irq_control_get(Env::irq_control, timer_irq, Env::at(handler)));
    EXPECT_OK(sel4::irq_handler_set_notification(handler, notification));
    static volatile bool done;
    static volatile std::uint64_t longest, alarms;
    done = false;
    longest = 0;
    alarms = 0;
    auto& worker = env.thread(
        [=] {
            EXPECT_OK(operation());
            done = true;
        },
        options(priority, 1));
    auto& ticker = env.thread(
        [=] {
            while (!done) {
                const std::uint64_t late = late_alarm(notification, handler);
                if (late > longest) longest = late;
                alarms = alarms + 1;
            }
        },
        options(priority + 1, 1));
    env.resume(worker);
    env.resume(ticker);
    // The last alarm comes when nothing else is left to run.
    for (unsigned i = 0; i < 10'000 && !ticker.finished; ++i) env.settle();
    EXPECT_TRUE(ticker.finished && alarms > 4);
    env.remove(handler);
    target::print("BENCH {} {}\n", key, std::uint64_t{longest});
}

/// A cnode full of copies of `source`.
CPtr full_table(Env& env, CPtr source) {
    const CPtr table = env.make(ObjectType::cnode, table_bits);
    for (std::uint64_t i = 0; i < 1u << table_bits; ++i) {
        EXPECT_OK(sel4::cnode_copy(sel4::SlotPath{table, i, table_bits}, Env::at(source),
                                   abi::rights::all));
    }
    return table;
}

void revoke(Env& env) {
    const CPtr endpoint = env.make(ObjectType::endpoint);
    full_table(env, endpoint);
    interrupted(env, "irq_revoke", [=] { return sel4::cnode_revoke(Env::at(endpoint)); });
}

void remove(Env& env) {
    const CPtr table = full_table(env, env.make(ObjectType::endpoint));
    interrupted(env, "irq_delete", [=] { return sel4::cnode_delete(Env::at(table)); });
}

void reset(Env& env) {
    constexpr unsigned bits = 21;
    const CPtr untyped = env.make(ObjectType::untyped, bits), slot = env.slots();
    EXPECT_OK(sel4::untyped_retype(untyped, ObjectType::untyped, bits, Env::cnode, slot.raw()));
    env.remove(slot);
    interrupted(env, "irq_reset", [=] {
        return sel4::untyped_retype(untyped, ObjectType::large_page, 0, Env::cnode, slot.raw());
    });
}

/// As many objects as one Retype makes: that is not interrupted.
void make_many(Env& env) {
    const CPtr untyped = env.make(ObjectType::untyped, 20), table = env.make(ObjectType::cnode, 8);
    Registers registers = invocation_registers(
        untyped, abi::Invocation::untyped_retype,
        {static_cast<std::uint64_t>(ObjectType::tcb), 0, 0, 0, 0, abi::max_retype_objects},
        {table});
    const std::uint64_t after = timed(registers, client_before);
    EXPECT_EQ(abi::MessageInfo{registers.x[1]}.label(), 0);
    target::print("BENCH retype_256 {}\n", after - client_before - overhead());
}

}  // namespace

void measure_latency(Env& env) {
    for (const auto measure : {revoke, remove, reset, make_many}) {
        env.begin_case();
        measure(env);
        env.end_case();
    }
}

}  // namespace bench

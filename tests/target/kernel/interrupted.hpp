// SPDX-License-Identifier: BSD-2-Clause
// A long kernel operation under periodic interrupts: how often it was interrupted, and how late a
// thread of higher priority was served at worst.
#pragma once

#include "clock.hpp"

namespace target {

/// Does `operation` on a thread (priority 90) whose work a periodic alarm thread (110) interrupts.
struct Interrupted {
    std::uint64_t interruptions = 0, latest_us = 0;
};

template <typename Operation>
Interrupted under_interrupts(Env& env, Operation operation, std::uint64_t period_us = 40) {
    constexpr std::uint64_t timer_irq = 30;
    Interrupted result;
    const CPtr handler = env.slots(), n = env.make(ObjectType::notification);
    EXPECT_OK(sel4::irq_control_get(Env::irq_control, timer_irq, Env::at(handler)));
    EXPECT_OK(sel4::irq_handler_set_notification(handler, n));
    static volatile bool done;
    done = false;
    Thread& worker = env.thread(
        [&] {
            operation();
            done = true;
        },
        {.priority = 90, .mcp = 255, .start = ThreadOptions::Start::later});
    Thread& ticker = env.thread(
        [&, handler, n] {
            while (!done) {
                const std::uint64_t at = now_ticks() + period_us * ticks_per_us_x2 / 2;
                asm volatile("msr cntp_cval_el0, %0\n\tmsr cntp_ctl_el0, %1\n\tisb" ::"r"(at),
                             "r"(std::uint64_t{1})
                             : "memory");
                sel4::wait(n);
                const std::uint64_t late = to_us(now_ticks() - at);
                if (late > result.latest_us) result.latest_us = late;
                if (!done) ++result.interruptions;
                asm volatile("msr cntp_ctl_el0, %0\n\tisb" ::"r"(std::uint64_t{2}) : "memory");
                static_cast<void>(sel4::irq_handler_ack(handler));
            }
        },
        {.priority = 110, .mcp = 255, .start = ThreadOptions::Start::later});
    env.resume(worker);
    env.resume(ticker);
    // The ticker's last alarm comes when nothing else is left to run.
    for (unsigned i = 0; i < 10'000 && !ticker.finished; ++i) env.settle();
    EXPECT_TRUE(worker.finished);
    EXPECT_TRUE(ticker.finished);
    env.remove(handler);
    return result;
}

// One microsecond is a thousand instructions. A step of a long operation, the interrupt's own way
// to its thread and the assertions of debug builds are in it.
inline constexpr std::uint64_t latency_bound_us = 8;

}  // namespace target

// SPDX-License-Identifier: BSD-2-Clause
// Rows of the schedules and wake-ups that the other files leave: several releases in one kernel
// entry, releases of equals, YieldTo in all its ways, and the second timeout fault of a call chain.
#include "spinners.hpp"

namespace target {
namespace {

/// A large page, mapped: cleaning it takes the kernel over a hundred microseconds in one go.
CPtr slow_page(Env& env) {
    const CPtr page = env.make(ObjectType::large_page);
    EXPECT_OK(sel4::page_map(page, Env::vspace, Env::free_pages + 0x20'0000,
                             abi::rights::read_write, abi::page_attributes::normal));
    return page;
}

TEST_CASE(WAKE_0006, "W5: three budgets become due in one long kernel operation") {
    constexpr std::uint64_t length = 1u << 21;
    // Started together they run 2, 1, 0, in both rows, and become due in that order.
    struct {
        unsigned priorities[3];
        unsigned first, last;  // when they run again
    } const rows[] = {{{100, 100, 100}, 0, 2}, {{100, 101, 102}, 2, 0}};
    for (const auto& row : rows) {
        const CPtr page = slow_page(env);
        Alarm alarm(env);
        Spinners s(env, alarm);
        for (const unsigned priority : row.priorities) s.add({30, 2000}, priority);
        s.start();
        alarm.sleep_until(1950);
        static_cast<void>(raw(page, Invocation::page_clean_data, {0, length}));
        const std::uint64_t end = alarm.now_us();
        alarm.sleep_until(3000);
        EXPECT_TRUE(end > 2075);  // all three were due before it ended
        for (unsigned i = 0; i < 3; ++i) {
            EXPECT_TRUE(traces[i].count >= 2);
            EXPECT_TRUE(traces[i].runs[1].from + 2 >= end);
        }
        const auto again = [](unsigned thread) { return traces[thread].runs[1].from; };
        EXPECT_TRUE(again(row.first) < again(1));
        EXPECT_TRUE(again(1) < again(row.last));
        env.remove(page);
    }
}

TEST_CASE(WAKE_0007, "W8: a released equal waits for the running one to stop") {
    Alarm alarm(env);
    Spinners s(env, alarm);
    const std::uint64_t& origin = alarm.origin();
    const CPtr park = env.make(ObjectType::notification);
    s.add({50'000, 50'000}, 100, [&origin, park] {
        traces[0].burn_us(origin, 4000);
        sel4::wait(park);
    });
    s.add({300, 2000}, 100);
    s.start();
    alarm.sleep_until(5500);
    EXPECT_RUNS(traces[1], {1, 300}, {4301, 4600});
    EXPECT_RUNS(traces[0], {301, 4300});
}

TEST_CASE(SCHEDULE_0020, "R2: a released equal waits for the end of the slice") {
    Alarm alarm(env);
    Spinners s(env, alarm);
    s.add({1500, 1500}, 100);
    s.add({300, 2000}, 100);
    s.start();
    alarm.sleep_until(7500);
    EXPECT_RUNS(traces[1], {1, 300}, {3301, 3600}, {6601, 6900});
    EXPECT_RUNS(traces[0], {301, 3300}, {3601, 6600});
}

TEST_CASE(SCHEDULE_0021, "C2: consumed of a small budget shows after a new period") {
    Alarm alarm(env);
    Spinners s(env, alarm);
    static volatile std::uint64_t read[6];
    for (auto& value : read) value = 1;
    const std::uint64_t& origin = alarm.origin();
    static Thread* self;
    self = &s.add({60, 200}, 100, [&origin] {
        for (auto& value : read) {
            traces[0].burn_us(origin, 10);
            value = sel4::sched_context_consumed(self->sched_context).value_or(999);
        }
    });
    s.start();
    alarm.sleep_until(1000);
    constexpr std::uint64_t wanted[] = {0, 0, 0, 43, 0, 0};
    for (unsigned i = 0; i < 6; ++i) EXPECT_NEAR(read[i], wanted[i], i == 3 ? 6 : 0);
}

TEST_CASE(SCHED_0010, "Y2: yield_to a target without budget, twice") {
    Alarm alarm(env);
    Spinners s(env, alarm);
    Thread& a = s.add({2000, 10'000}, 100);
    s.start();
    alarm.sleep_until(3000);
    const auto first = sel4::sched_context_yield_to(a.sched_context);
    EXPECT_OK(first);
    EXPECT_NEAR(first.value_or(0), 2000, 4);
    EXPECT_REPLY(raw(a.sched_context, Invocation::sched_context_yield_to), Error::none, 0);
}

TEST_CASE(SCHED_0011, "Y3: yield_to a lower target puts it before its equals") {
    static unsigned order[2];
    static volatile unsigned count;
    static volatile std::uint64_t result;
    count = 0;
    result = 1;
    const CPtr n = env.make(ObjectType::notification), go = env.make(ObjectType::notification);
    Thread* threads[2];
    for (unsigned i = 0; i < 2; ++i) {
        threads[i] = &env.thread(
            [=] {
                sel4::wait(n);
                order[count] = i;
                count = count + 1;
            },
            {.priority = 90});
        env.settle();
    }
    env.thread(
        [&, go] {
            sel4::wait(go);
            result = sel4::sched_context_yield_to(threads[0]->sched_context).value_or(999);
        },
        {.mcp = 255});
    env.settle();
    for (unsigned i = 0; i < 2; ++i)
        static_cast<void>(sel4::sched_context_consumed(threads[i]->sched_context));
    sel4::signal(n);
    sel4::signal(n);  // 1 in front of 0
    sel4::signal(go);
    env.settle();
    EXPECT_EQ(result, 0);
    EXPECT_EQ(order[0], 0);
    EXPECT_EQ(order[1], 1);
}

TEST_CASE(SCHED_0012, "Y4: a second yield_to ends the first") {
    Alarm alarm(env);
    Spinners s(env, alarm);
    static volatile std::uint64_t of_a, of_b, end_a;
    of_a = 0;
    of_b = 1;
    end_a = 0;
    const std::uint64_t& origin = alarm.origin();
    const CPtr n = env.make(ObjectType::notification);
    Thread& c = s.add({50'000, 50'000}, 100, [&origin, n] {
        traces[0].burn_us(origin, 100);
        sel4::signal(n);
        traces[0].burn_us(origin, 200);
    });
    s.add({50'000, 50'000}, 110, [=, &c] {
        sel4::wait(n);
        of_b = sel4::sched_context_yield_to(c.sched_context).value_or(999);
    });
    s.add({50'000, 50'000}, 100, [&] {
        of_a = sel4::sched_context_yield_to(c.sched_context).value_or(999);
        end_a = alarm.now_us();
    });
    s.start();
    alarm.sleep_until(2000);
    EXPECT_EQ(of_b, 0);
    EXPECT_NEAR(of_a, 102, 6);
    EXPECT_TRUE(end_a > 300);  // not before C was done
}

TEST_CASE(NUMBERS_0016, "T7: the caller, answered without budget, has a timeout handler, too") {
    Alarm alarm(env);
    Spinners s(env, alarm);
    const CPtr faults = env.make(ObjectType::endpoint), reply = env.make(ObjectType::reply);
    const CPtr of_server = env.mint(faults, 0x99), of_caller = env.mint(faults, 0x77);
    const CPtr e = env.make(ObjectType::endpoint), r = env.make(ObjectType::reply);
    const CPtr second = env.make(ObjectType::reply);
    static volatile std::uint64_t badge, words[2], at, label;
    badge = 0;
    at = 0;
    label = 0;
    Thread& server = env.thread(
        [=, &alarm] {
            sel4::recv(e, r);
            traces[1].spin(alarm.origin());
        },
        {.priority = 110});
    Thread& caller = s.add({2000, 10'000, 0, 0, 0x5a}, 100,
                           [e] { label = sel4::call(e, MessageInfo{}).info.label() + 1; });
    env.thread(
        [=, &alarm] {
            sel4::recv(faults, reply);
            sel4::reply(r, MessageInfo::make(7, 0));
            const Received fault = sel4::recv(faults, second);
            at = alarm.now_us();
            badge = fault.badge.raw();
            words[0] = fault.words.mr[0];
            words[1] = fault.words.mr[1];
            // Label and length 0: the call is made anew, on the badge that the reply has left in
            // x0.
            sel4::reply(second, MessageInfo{});
        },
        {.priority = 120, .budget_us = 100'000, .period_us = 100'000});
    env.settle();
    ASSERT_OK(sel4::sched_context_unbind(server.sched_context));
    ASSERT_OK(sel4::tcb_set_timeout_endpoint(server.tcb, of_server));
    ASSERT_OK(sel4::tcb_set_timeout_endpoint(caller.tcb, of_caller));
    s.start();
    alarm.sleep_until(15'000);
    EXPECT_EQ(badge, 0x77);
    EXPECT_EQ(words[0], 0x5a);
    EXPECT_NEAR(words[1], 0, 3);
    EXPECT_NEAR(at, 2004, 10);
    EXPECT_EQ(label, as_word(Error::invalid_capability) + 1);
}

}  // namespace
}  // namespace target

// SPDX-License-Identifier: BSD-2-Clause
// When threads run: budgets, periods, refills, timeout faults. The names of the rows are those of
// the interface description. Run with instruction counting, where a microsecond is 1000
// instructions and every run gives the same times.
#include "abi/fault.hpp"
#include "spinners.hpp"

namespace target {
namespace {

TEST_CASE(SCHEDULE_0001, "S1: a budget per period") {
    Alarm alarm(env);
    Spinners s(env, alarm);
    Thread& a = s.add({2000, 10'000}, 100);
    s.start();
    alarm.sleep_until(36'000);
    EXPECT_RUNS(traces[0], {1, 2000}, {10001, 12000}, {20001, 22000});
    EXPECT_NEAR(consumed(a), 8000, 6);
}

TEST_CASE(SCHEDULE_0002, "S1b: short periods") {
    Alarm alarm(env);
    Spinners s(env, alarm);
    s.add({50, 200}, 100);
    s.start();
    alarm.sleep_until(1100);
    EXPECT_RUNS(traces[0], {1, 50}, {201, 250}, {401, 450}, {601, 650}, {801, 850});
}

TEST_CASE(SCHEDULE_0019, "S1c: a rest below the minimum is merged with the next budget") {
    Alarm alarm(env);
    Spinners s(env, alarm);
    s.add({20, 100}, 100);
    s.start();
    alarm.sleep_until(700);
    EXPECT_RUNS(traces[0], {1, 20}, {181, 200}, {361, 380}, {541, 560});
}

TEST_CASE(SCHEDULE_0003, "S2: round robin of equals, the last one woken first") {
    Alarm alarm(env);
    Spinners s(env, alarm);
    s.add({1000, 1000}, 100);
    s.add({2000, 2000}, 100);
    s.start();
    alarm.sleep_until(6500);
    EXPECT_RUNS(traces[1], {1, 2000}, {3001, 5000});
    EXPECT_RUNS(traces[0], {2001, 3000}, {5001, 6000});
}

TEST_CASE(SCHEDULE_0004, "S4: a sporadic thread under one of higher priority") {
    Alarm alarm(env);
    Spinners s(env, alarm);
    s.add({4000, 10'000, 8}, 100);
    s.add({1000, 3000, 0}, 120);
    s.start();
    alarm.sleep_until(11'500);
    EXPECT_RUNS(traces[1], {1, 1000}, {3001, 4000}, {6001, 7000}, {9001, 10000});
    EXPECT_RUNS(traces[0], {1001, 3000}, {4001, 6000});
}

TEST_CASE(SCHEDULE_0005, "S6: yield gives up the budget of the period") {
    Alarm alarm(env);
    Spinners s(env, alarm);
    const std::uint64_t& origin = alarm.origin();
    Thread& a = s.add({2000, 10'000}, 100, [&origin] {
        while (true) {
            traces[0].burn_us(origin, 300);
            sel4::yield();
        }
    });
    s.start();
    alarm.sleep_until(36'000);
    EXPECT_RUNS(traces[0], {1, 301}, {10001, 10301}, {20001, 20301}, {30001, 30301});
    EXPECT_NEAR(consumed(a), 1203, 8);
}

TEST_CASE(SCHEDULE_0006, "S6c: yield in round robin") {
    Alarm alarm(env);
    Spinners s(env, alarm);
    const std::uint64_t& origin = alarm.origin();
    s.add({1000, 1000}, 100);
    s.add({1000, 1000}, 100, [&origin] {
        for (int i = 0; i < 3; ++i) {
            traces[1].burn_us(origin, 200);
            sel4::yield();
        }
    });
    s.start();
    alarm.sleep_until(5000);
    EXPECT_RUNS(traces[1], {1, 201}, {1202, 1402}, {2403, 2603});
    EXPECT_RUNS(traces[0], {201, 1201}, {1402, 2402});
}

TEST_CASE(SCHEDULE_0007, "S7: a preempted sporadic budget is replenished in pieces") {
    for (const std::uint64_t sporadic : {0, 1}) {
        Alarm alarm(env);
        Spinners s(env, alarm);
        s.add({2000, 10'000, 4, sporadic}, 100);
        const std::uint64_t& origin = alarm.origin();
        const CPtr wake = env.make(ObjectType::notification);
        env.thread(
            [=, &origin] {
                sel4::wait(wake);
                traces[1].burn_us(origin, 5000);
            },
            {.priority = 110, .budget_us = 100'000, .period_us = 100'000});
        s.start();
        alarm.sleep_until(501);
        sel4::signal(wake);
        alarm.sleep_until(29'000);
        if (sporadic != 0) {
            EXPECT_RUNS(traces[0], {1, 500}, {5504, 7003}, {10000, 12000}, {20000, 22000});
        } else {
            EXPECT_RUNS(traces[0], {1, 500}, {5504, 7003}, {10001, 10500}, {15504, 17003},
                        {20001, 20500}, {25504, 27003});
        }
    }
}

TEST_CASE(SCHEDULE_0008, "S8: replenished from the switch, or from the wake-up if sporadic") {
    for (const std::uint64_t sporadic : {0, 1}) {
        Alarm alarm(env);
        Spinners s(env, alarm);
        const std::uint64_t& origin = alarm.origin();
        const CPtr wake_a = env.make(ObjectType::notification);
        const CPtr wake_c = env.make(ObjectType::notification);
        const Parameters p{2000, 10'000, 4, sporadic};
        Thread& a = env.thread([=, &origin] {
            sel4::wait(wake_a);
            traces[0].spin(origin);
        });
        env.thread(
            [=, &origin] {
                sel4::wait(wake_c);
                traces[1].burn_us(origin, 3000);
            },
            {.priority = 110, .budget_us = 100'000, .period_us = 100'000});
        s.start();
        EXPECT_OK(sel4::sched_control_configure(env.sched_control, a.sched_context, p.budget,
                                                p.period, p.extra, 0, p.flags));
        alarm.start();
        alarm.sleep_until(901);
        sel4::signal(wake_c);
        alarm.sleep_until(1001);
        sel4::signal(wake_a);
        alarm.sleep_until(24'000);
        if (sporadic != 0) {
            EXPECT_RUNS(traces[0], {3904, 5902}, {11003, 13003}, {21003, 23003});
        } else {
            EXPECT_RUNS(traces[0], {3904, 5902}, {13903, 15902});
        }
        ASSERT_OK(sel4::tcb_suspend(a.tcb));
    }
}

TEST_CASE(SCHEDULE_0009, "R1: a released equal waits for the slice to end") {
    Alarm alarm(env);
    Spinners s(env, alarm);
    const std::uint64_t& origin = alarm.origin();
    s.add({50'000, 50'000}, 100, [&origin] {
        traces[0].burn_us(origin, 5000);
        sel4::yield();
        traces[0].spin(origin);
    });
    s.add({300, 2000}, 100);
    s.start();
    alarm.sleep_until(8000);
    EXPECT_RUNS(traces[1], {1, 300}, {5302, 5601});
}

TEST_CASE(SCHEDULE_0010, "M3, M4: an exhausted budget is not regained by tricks") {
    Alarm alarm(env);
    Spinners s(env, alarm);
    Thread& a = s.add({300, 5000}, 100);
    s.start();
    alarm.sleep_until(1000);
    ASSERT_OK(sel4::tcb_suspend(a.tcb));
    alarm.sleep_until(1500);
    ASSERT_OK(sel4::tcb_resume(a.tcb));
    alarm.sleep_until(5500);
    EXPECT_RUNS(traces[0], {1, 300}, {5001, 5300});
    ASSERT_OK(sel4::tcb_suspend(a.tcb));
    ASSERT_OK(sel4::sched_context_unbind(a.sched_context));
    const CPtr n = env.make(ObjectType::notification);
    Thread& blocked = env.thread([=] { sel4::wait(n); });
    env.settle();
    ASSERT_OK(sel4::sched_context_unbind(blocked.sched_context));
    EXPECT_REPLY(raw(a.sched_context, Invocation::sched_context_bind, {}, {blocked.tcb}),
                 Error::illegal_operation);
}

TEST_CASE(SCHEDULE_0011, "C1: one's own consumption shows after a switch") {
    Alarm alarm(env);
    Spinners s(env, alarm);
    static volatile std::uint64_t own[3];
    const std::uint64_t& origin = alarm.origin();
    static CPtr mine{0};
    Thread& a = s.add({50'000, 50'000}, 100, [&origin] {
        traces[0].burn_us(origin, 1000);
        own[0] = sel4::sched_context_consumed(mine).value_or(~0ull);
        own[1] = sel4::sched_context_consumed(mine).value_or(~0ull);
        traces[0].burn_us(origin, 1000);
        own[2] = sel4::sched_context_consumed(mine).value_or(~0ull);
        traces[0].burn_us(origin, 1000);
    });
    mine = a.sched_context;
    s.start();
    alarm.sleep_until(10'000);
    for (const std::uint64_t value : own) EXPECT_EQ(value, 0);
    EXPECT_NEAR(consumed(a), 3002, 12);
    EXPECT_EQ(consumed(a), 0);
}

TEST_CASE(SCHEDULE_0012, "Y5: yield_to lets the target run and tells what it used") {
    Alarm alarm(env);
    Spinners s(env, alarm);
    const std::uint64_t& origin = alarm.origin();
    static volatile std::uint64_t result[3];
    static CPtr other{0};
    Thread& target_thread = s.add({1000, 1000}, 100, [&origin] {
        for (std::uint64_t i = 0; i < 3; ++i) {
            traces[0].burn_us(origin, 100 * (i + 1));
            sel4::yield();
        }
    });
    other = target_thread.sched_context;
    s.add({1000, 1000}, 100, [] {
        for (unsigned i = 0; i < 3; ++i)
            result[i] = sel4::sched_context_yield_to(other).value_or(~0ull);
    });
    s.start();
    alarm.sleep_until(10'000);
    EXPECT_NEAR(result[0], 102, 5);
    EXPECT_NEAR(result[1], 201, 5);
    EXPECT_NEAR(result[2], 301, 5);
}

struct TimeoutSetup {
    CPtr endpoint, badged, reply;
    explicit TimeoutSetup(Env& env)
        : endpoint(env.make(ObjectType::endpoint)),
          badged(env.mint(endpoint, 0x77)),
          reply(env.make(ObjectType::reply)) {}
};

struct TimeoutSeen {
    std::uint64_t at, badge, info, data, used;
};
TimeoutSeen timeouts[8];
volatile unsigned timeout_count;

TEST_CASE(SCHEDULE_0013, "T1: a timeout fault for each exhausted budget") {
    Alarm alarm(env);
    Spinners s(env, alarm);
    TimeoutSetup f(env);
    const std::uint64_t& origin = alarm.origin();
    timeout_count = 0;
    env.thread(
        [&] {
            Received got = sel4::recv(f.endpoint, f.reply);
            while (timeout_count < 8) {
                timeouts[timeout_count] = {alarm.now_us(), got.badge.raw(), got.info.word,
                                           got.words.mr[0], got.words.mr[1]};
                timeout_count = timeout_count + 1;
                traces[1].burn_us(origin, 100);
                got = sel4::reply_recv(f.endpoint, f.reply, MessageInfo{});
            }
        },
        {.priority = 120, .budget_us = 100'000, .period_us = 100'000});
    Thread& a = s.add({2000, 10'000, 0, 0, 0x5a}, 100);
    ASSERT_OK(sel4::tcb_set_timeout_endpoint(a.tcb, f.badged));
    s.start();
    alarm.sleep_until(23'000);
    EXPECT_EQ(timeout_count, 3);
    for (unsigned i = 0; i < 3 && i < timeout_count; ++i) {
        EXPECT_NEAR(timeouts[i].at, 2002 + 10'000 * i, 8);
        EXPECT_EQ(timeouts[i].badge, 0x77);
        EXPECT_EQ(timeouts[i].info, MessageInfo::make(5, 2).word);
        EXPECT_EQ(timeouts[i].data, 0x5a);
        EXPECT_NEAR(timeouts[i].used, 2000, 6);
    }
    EXPECT_RUNS(traces[0], {1, 2001}, {10002, 12001});
}

TEST_CASE(SCHEDULE_0014, "T4: a server runs out of its client's budget") {
    Alarm alarm(env);
    Spinners s(env, alarm);
    TimeoutSetup f(env);
    const std::uint64_t& origin = alarm.origin();
    const CPtr e = env.make(ObjectType::endpoint), r = env.make(ObjectType::reply);
    timeout_count = 0;
    env.thread(
        [&] {
            Received got = sel4::recv(f.endpoint, f.reply);
            while (timeout_count < 8) {
                timeouts[timeout_count] = {alarm.now_us(), got.badge.raw(), got.info.word,
                                           got.words.mr[0], got.words.mr[1]};
                timeout_count = timeout_count + 1;
                got = sel4::reply_recv(f.endpoint, f.reply, MessageInfo{});
            }
        },
        {.priority = 120, .budget_us = 100'000, .period_us = 100'000});
    Thread& server = env.thread(
        [=, &origin] {
            Received got = sel4::recv(e, r);
            while (true) {
                traces[1].burn_us(origin, 5000);
                got = sel4::reply_recv(e, r, got.info);
            }
        },
        {.priority = 110});
    static volatile std::uint64_t answered;
    answered = 0;
    s.add({2000, 10'000, 0, 0, 0x5a}, 100, [&alarm, e] {
        sel4::call(e, MessageInfo{});
        answered = alarm.now_us();
    });
    env.settle();
    ASSERT_OK(sel4::sched_context_unbind(server.sched_context));
    ASSERT_OK(sel4::tcb_set_timeout_endpoint(server.tcb, f.badged));
    s.start();
    alarm.sleep_until(25'000);
    EXPECT_EQ(timeout_count, 2);
    EXPECT_NEAR(timeouts[0].at, 2002, 8);
    EXPECT_EQ(timeouts[0].data, 0x5a);
    EXPECT_NEAR(timeouts[1].at, 12'002, 10);
    EXPECT_NEAR(answered, 21'004, 20);
}

TEST_CASE(SCHEDULE_0015, "T5: without a timeout endpoint the server waits for the next period") {
    Alarm alarm(env);
    Spinners s(env, alarm);
    const std::uint64_t& origin = alarm.origin();
    const CPtr e = env.make(ObjectType::endpoint), r = env.make(ObjectType::reply);
    Thread& server = env.thread(
        [=, &origin] {
            Received got = sel4::recv(e, r);
            while (true) {
                traces[1].burn_us(origin, 5000);
                got = sel4::reply_recv(e, r, got.info);
            }
        },
        {.priority = 110});
    static volatile std::uint64_t answered;
    answered = 0;
    s.add({2000, 10'000}, 100, [&alarm, e] {
        sel4::call(e, MessageInfo{});
        answered = alarm.now_us();
    });
    env.settle();
    ASSERT_OK(sel4::sched_context_unbind(server.sched_context));
    s.start();
    alarm.sleep_until(25'000);
    EXPECT_NEAR(answered, 21'004, 20);
}

TEST_CASE(SCHEDULE_0016, "T3: round robin never faults; a label stops the thread") {
    Alarm alarm(env);
    Spinners s(env, alarm);
    TimeoutSetup f(env);
    Thread& a = s.add({500, 500}, 100);
    Thread& b = s.add({500, 5000}, 100);
    ASSERT_OK(sel4::tcb_set_timeout_endpoint(a.tcb, f.badged));
    ASSERT_OK(sel4::tcb_set_timeout_endpoint(b.tcb, f.badged));
    s.start();
    alarm.sleep_until(3000);
    EXPECT_EQ(sel4::nb_recv(f.endpoint, f.reply).info.word, MessageInfo::make(5, 2).word);
    sel4::reply(f.reply, MessageInfo::make(1, 0));
    alarm.sleep_until(12'000);
    EXPECT_EQ(sel4::nb_recv(f.endpoint, f.reply).badge, 0);
    EXPECT_EQ(traces[1].count, 1);
}

struct Reconfigured {
    const char* row;
    Parameters before;
    std::uint64_t at;
    Parameters after;
    Trace::Run runs[4];
    unsigned count;
};

TEST_CASE(SCHEDULE_0017, "F1 to F6: parameters of a running thread are changed by another") {
    const Reconfigured rows[] = {
        {"F1",
         {5000, 10'000},
         1000,
         {2000, 10'000},
         {{1, 3003}, {11004, 13003}, {21004, 23003}},
         3},
        {"F2",
         {2000, 10'000},
         1000,
         {5000, 10'000},
         {{1, 2003}, {11002, 16002}, {21002, 26002}},
         3},
        {"F3",
         {2000, 10'000},
         5000,
         {3000, 8000},
         {{1, 2000}, {10001, 12000}, {18001, 21000}, {26001, 29000}},
         4},
        {"F5", {5000, 5000}, 1000, {2000, 10'000}, {{1, 3003}, {11004, 13003}, {21004, 23003}}, 3},
    };
    for (const Reconfigured& row : rows) {
        Alarm alarm(env);
        Spinners s(env, alarm);
        s.add(row.before, 100);
        s.start();
        alarm.sleep_until(row.at);
        s.configure(0, row.after);
        alarm.sleep_until(29'500);
        if (traces[0].count < row.count) {
            fail_values(__FILE__, __LINE__, row.row, traces[0].count, row.count);
        } else {
            for (unsigned i = 0; i < row.count; ++i) {
                EXPECT_NEAR(traces[0].runs[i].from, row.runs[i].from, 10u);
                EXPECT_NEAR(traces[0].runs[i].to, row.runs[i].to, 10u);
            }
        }
    }
}

TEST_CASE(SCHEDULE_0018, "Z2, Z3: a call with too little budget left") {
    // With the fast path the calls go through at once, without it they wait for the next period.
    Alarm alarm(env);
    Spinners s(env, alarm);
    const std::uint64_t& origin = alarm.origin();
    const CPtr e = env.make(ObjectType::endpoint), r = env.make(ObjectType::reply);
    Thread& server = env.thread(
        [=] {
            Received got = sel4::recv(e, r);
            while (true) got = sel4::reply_recv(e, r, got.info);
        },
        {.priority = 110});
    static volatile std::uint64_t done;
    done = 0;
    s.add({50, 1000}, 100, [&alarm, &origin, e] {
        traces[0].burn_us(origin, 32);
        sel4::call(e, MessageInfo{});
        done = alarm.now_us();
    });
    env.settle();
    ASSERT_OK(sel4::sched_context_unbind(server.sched_context));
    s.start();
    alarm.sleep_until(3000);
    EXPECT_TRUE((done > 30 && done < 60) || (done > 960 && done < 1060));
}

TEST_CASE(SCHEDULE_0022, "threads with the smallest budgets get their system calls done") {
    const CPtr frame = env.make(ObjectType::small_page);
    static volatile unsigned done;
    for (const Parameters& p : {Parameters{20, 100}, Parameters{20, 20}, Parameters{21, 100},
                                Parameters{25, 200}, Parameters{39, 39}, Parameters{20, 100, 4}}) {
        Alarm alarm(env);
        Spinners s(env, alarm);
        done = 0;
        s.add(p, 100, [frame] {
            while (done < 100) {
                EXPECT_OK(sel4::page_get_address(frame));
                done = done + 1;
            }
        });
        s.start();
        alarm.sleep_until(30'000);
        EXPECT_EQ(done, 100);
    }
}

}  // namespace
}  // namespace target

// SPDX-License-Identifier: BSD-2-Clause
// More rows of the interface description's table of scheduling times: mixed refills, changed
// parameters, yields between contexts, timeout faults. As schedule_test.cpp, for
// instruction-counted runs.
#include "abi/fault.hpp"
#include "spinners.hpp"

namespace target {
namespace {

/// A budget below the minimum is merged into the next one, which moves later runs by up to 20 us.
constexpr std::uint64_t merge_slack = 25;

void spin_until(const Alarm& alarm, unsigned index, std::uint64_t us) {
    while (alarm.now_us() < us) traces[index].mark(alarm.origin());
}

struct Handler {
    struct Seen {
        std::uint64_t at, badge, info, data, used;
    };
    CPtr endpoint, badged, reply;
    Seen seen[4]{};
    volatile unsigned count = 0;

    Handler(Env& env, std::uint64_t badge)
        : endpoint(env.make(ObjectType::endpoint)),
          badged(env.mint(endpoint, badge)),
          reply(env.make(ObjectType::reply)) {}
    void note(const Alarm& alarm, const Received& got) {
        if (count == 4) return;
        seen[count] = {alarm.now_us(), got.badge.raw(), got.info.word, got.words.mr[0],
                       got.words.mr[1]};
        count = count + 1;
    }
};

TEST_CASE(NUMBERS_0001, "S3: a budget among round-robin threads") {
    Alarm alarm(env);
    Spinners s(env, alarm);
    const CPtr never = env.make(ObjectType::notification);
    s.add({3000, 10'000}, 100);
    s.add({2000, 2000}, 100, [&alarm, never] {
        spin_until(alarm, 1, 12'000);
        sel4::wait(never);
    });
    s.add({5000, 5000}, 50);
    s.start();
    alarm.sleep_until(16'000);
    EXPECT_RUNS(traces[1], {1, 2000}, {5001, 12001});
    EXPECT_RUNS(traces[0], {2001, 5000}, {12001, 15001});
    EXPECT_EQ(traces[2].count, 1);
    EXPECT_NEAR(traces[2].runs[0].from, 15'002, 8);
}

TEST_CASE(NUMBERS_0002, "S4b: many refills under a periodic thread") {
    Alarm alarm(env);
    Spinners s(env, alarm);
    s.add({4000, 10'000, 8}, 100);
    s.add({1000, 3000, 0}, 120);
    s.start();
    alarm.sleep_until(25'000);
    expect_runs(__FILE__, __LINE__, traces[0],
                {{1001, 3000},
                 {4001, 6000},
                 {11001, 12000},
                 {13002, 15000},
                 {16002, 17000},
                 {22002, 24001}},
                merge_slack);
}

TEST_CASE(NUMBERS_0003, "S5: short bursts with few and with many refills") {
    // Later runs depend on whether a residue of a few ticks is left of the sixth.
    struct {
        unsigned extra;
        Trace::Run runs[6];
    } const rows[] = {
        {0,
         {{501, 1001}, {2001, 2501}, {3501, 4001}, {5001, 5496}, {12498, 13500}, {14001, 14501}}},
        {8,
         {{501, 1001}, {2001, 2501}, {3501, 4001}, {5001, 5496}, {10501, 11001}, {12001, 12501}}},
    };
    for (const auto& row : rows) {
        Alarm alarm(env);
        Spinners s(env, alarm);
        const CPtr work = env.make(ObjectType::notification);
        s.add({2000, 10'000, row.extra}, 120, [&alarm, work] {
            while (true) {
                sel4::wait(work);
                traces[0].burn_us(alarm.origin(), 500);
            }
        });
        s.add({50'000, 50'000}, 100, [&alarm, work] {
            for (unsigned k = 0; k < 16; ++k) {
                spin_until(alarm, 1, 500 + 1500 * k);
                sel4::signal(work);
            }
            while (true) traces[1].mark(alarm.origin());
        });
        s.start();
        alarm.sleep_until(25'000);
        expect_runs(__FILE__, __LINE__, traces[0], row.runs, merge_slack);
    }
}

TEST_CASE(NUMBERS_0004, "S6b: yield goes to the next refill") {
    Alarm alarm(env);
    Spinners s(env, alarm);
    const CPtr work = env.make(ObjectType::notification);
    static volatile std::uint64_t back[3];
    s.add({2000, 10'000, 8}, 100, [&alarm, work] {
        traces[0].burn_us(alarm.origin(), 300);
        sel4::wait(work);
        traces[0].burn_us(alarm.origin(), 300);
        for (unsigned i = 0; i < 3; ++i) {
            sel4::yield();
            back[i] = alarm.now_us();
            traces[0].burn_us(alarm.origin(), 100);
        }
    });
    s.start();
    alarm.sleep_until(1000);
    sel4::signal(work);
    alarm.sleep_until(25'000);
    EXPECT_NEAR(back[0], 10'001, 8);
    EXPECT_NEAR(back[1], 11'001, 8);
    EXPECT_NEAR(back[2], 20'001, 10);
}

TEST_CASE(NUMBERS_0005, "M2: a residue below the minimum does not run at the wake-up") {
    Alarm alarm(env);
    Spinners s(env, alarm);
    const CPtr work = env.make(ObjectType::notification);
    static volatile std::uint64_t woken;
    s.add({300, 5000}, 120, [&alarm, work] {
        traces[0].burn_us(alarm.origin(), 290);
        sel4::wait(work);
        woken = alarm.now_us();
    });
    s.start();
    alarm.sleep_until(1000);
    sel4::signal(work);
    alarm.sleep_until(6000);
    EXPECT_NEAR(woken, 4992, 12);
}

TEST_CASE(NUMBERS_0006, "Y1, Y6: a yield ends with the target's slice, suspension or deletion") {
    enum class End { slice, suspension, deletion };
    for (const End end : {End::slice, End::suspension, End::deletion}) {
        Alarm alarm(env);
        Spinners s(env, alarm);
        static volatile std::uint64_t used, at;
        used = 0;
        at = 0;
        static CPtr other{0};
        Thread& b = s.add({1000, 1000}, 100);
        other = b.sched_context;
        s.add({1000, 1000}, 100, [&alarm] {
            used = sel4::sched_context_yield_to(other).value_or(~0ull);
            at = alarm.now_us();
            traces[1].burn_us(alarm.origin(), 200);
        });
        s.start();
        alarm.sleep_until(500);
        if (end == End::suspension) EXPECT_OK(sel4::tcb_suspend(b.tcb));
        if (end == End::deletion) env.remove(b.sched_context);
        alarm.sleep_until(5000);
        const std::uint64_t wanted = end == End::slice ? 1000 : 499;
        EXPECT_NEAR(used, wanted, 8);
        EXPECT_NEAR(at, wanted, 12);
    }
}

TEST_CASE(NUMBERS_0007, "T2: a new budget before the timeout fault is answered") {
    Alarm alarm(env);
    Spinners s(env, alarm);
    Handler h(env, 0x77);
    Thread& a = s.add({2000, 10'000, 0, 0, 0x5a}, 100);
    env.thread(
        [&] {
            Received got = sel4::recv(h.endpoint, h.reply);
            while (true) {
                h.note(alarm, got);
                if (h.count == 1) s.configure(0, {4000, 10'000, 0, 0, 0x5b});
                got = sel4::reply_recv(h.endpoint, h.reply, MessageInfo{});
            }
        },
        {.priority = 120, .budget_us = 100'000, .period_us = 100'000});
    ASSERT_OK(sel4::tcb_set_timeout_endpoint(a.tcb, h.badged));
    s.start();
    alarm.sleep_until(8000);
    EXPECT_EQ(h.count, 2);
    EXPECT_NEAR(h.seen[0].at, 2002, 8);
    EXPECT_EQ(h.seen[0].data, 0x5a);
    EXPECT_NEAR(h.seen[1].at, 6008, 12);
    EXPECT_EQ(h.seen[1].data, 0x5b);
    EXPECT_NEAR(h.seen[1].used, 4000, 8);
}

TEST_CASE(NUMBERS_0008, "T8: timeout faults of a fragmented budget") {
    Alarm alarm(env);
    Spinners s(env, alarm);
    Handler h(env, 0x77);
    const CPtr work = env.make(ObjectType::notification);
    Thread& a = s.add({1000, 5000, 4}, 100, [&alarm, work] {
        traces[0].burn_us(alarm.origin(), 400);
        sel4::wait(work);
        traces[0].burn_us(alarm.origin(), 300);
        sel4::wait(work);
        traces[0].spin(alarm.origin());
    });
    env.thread(
        [&] {
            Received got = sel4::recv(h.endpoint, h.reply);
            while (true) {
                h.note(alarm, got);
                got = sel4::reply_recv(h.endpoint, h.reply, MessageInfo{});
            }
        },
        {.priority = 120, .budget_us = 100'000, .period_us = 100'000});
    ASSERT_OK(sel4::tcb_set_timeout_endpoint(a.tcb, h.badged));
    s.start();
    alarm.sleep_until(1000);
    sel4::signal(work);
    alarm.sleep_until(5100);
    sel4::signal(work);
    alarm.sleep_until(10'900);
    EXPECT_EQ(h.count, 3);
    EXPECT_NEAR(h.seen[0].at, 5800, merge_slack);
    EXPECT_NEAR(h.seen[0].used, 1401, 12);
    EXPECT_NEAR(h.seen[1].at, 6303, merge_slack);
    EXPECT_NEAR(h.seen[1].used, 301, merge_slack);
    EXPECT_NEAR(h.seen[2].at, 10'800, merge_slack);
    EXPECT_NEAR(h.seen[2].used, 698, merge_slack);
}

TEST_CASE(NUMBERS_0009, "T9: a timeout fault of a thread that has lost its context") {
    Alarm alarm(env);
    Spinners s(env, alarm);
    Handler h(env, 0x77);
    Thread& a = s.add({2000, 10'000, 0, 0, 0x5a}, 100);
    ASSERT_OK(sel4::tcb_set_timeout_endpoint(a.tcb, h.badged));
    s.start();
    alarm.sleep_until(3000);
    ASSERT_OK(sel4::sched_context_unbind(a.sched_context));
    const Received got = sel4::nb_recv(h.endpoint, h.reply);
    EXPECT_EQ(got.badge, 0x77);
    EXPECT_EQ(got.info.word, MessageInfo::make(5, 1).word);
    EXPECT_EQ(got.words.mr[0], 0x5a);
}

TEST_CASE(NUMBERS_0010, "T6: a caller is answered through its reply object by the handler") {
    Alarm alarm(env);
    Spinners s(env, alarm);
    Handler h(env, 0x99);
    const CPtr e = env.make(ObjectType::endpoint), r = env.make(ObjectType::reply);
    Thread& server = env.thread(
        [=, &alarm] {
            sel4::recv(e, r);
            traces[1].spin(alarm.origin());
        },
        {.priority = 110});
    static volatile std::uint64_t answered, label;
    answered = 0;
    label = 0;
    s.add({2000, 10'000, 0, 0, 0x5a}, 100, [&alarm, e] {
        label = sel4::call(e, MessageInfo{}).info.label();
        answered = alarm.now_us();
    });
    env.thread(
        [&] {
            h.note(alarm, sel4::recv(h.endpoint, h.reply));
            sel4::reply(r, MessageInfo::make(7, 0));
        },
        {.priority = 120, .budget_us = 100'000, .period_us = 100'000});
    env.settle();
    ASSERT_OK(sel4::sched_context_unbind(server.sched_context));
    ASSERT_OK(sel4::tcb_set_timeout_endpoint(server.tcb, h.badged));
    s.start();
    alarm.sleep_until(15'000);
    EXPECT_EQ(h.count, 1);
    EXPECT_EQ(h.seen[0].badge, 0x99);
    EXPECT_EQ(label, 7);
    EXPECT_NEAR(answered, 10'002, 10);
}

TEST_CASE(NUMBERS_0011, "F4, F6: a running or exhausted thread becomes round robin") {
    for (const std::uint64_t at : {1000, 5000}) {
        Alarm alarm(env);
        Spinners s(env, alarm);
        s.add({2000, 10'000}, 100);
        s.start();
        alarm.sleep_until(at);
        s.configure(0, {5000, 5000});
        alarm.sleep_until(25'000);
        const Trace::Run& last = traces[0].runs[traces[0].count - 1];
        EXPECT_NEAR(last.from, at == 1000 ? 1 : 5004, 8);
        EXPECT_NEAR(last.to, 24'998, 8);
    }
}

TEST_CASE(NUMBERS_0012, "F8, F9: a thread changes the parameters of its own context") {
    struct {
        Parameters after;
        Trace::Run runs[3];
    } const rows[] = {
        {{5000, 10'000}, {{1, 2000}, {11002, 16001}, {21002, 24998}}},
        {{2000, 5000}, {{1, 2000}, {6002, 8001}, {11002, 13001}}},
    };
    for (const auto& row : rows) {
        Alarm alarm(env);
        Spinners s(env, alarm);
        s.add({2000, 10'000}, 100, [&] {
            traces[0].burn_us(alarm.origin(), 1000);
            s.configure(0, row.after);
            traces[0].spin(alarm.origin());
        });
        s.start();
        alarm.sleep_until(25'000);
        expect_runs(__FILE__, __LINE__, traces[0], row.runs, 10);
    }
}

TEST_CASE(NUMBERS_0013, "F11: fewer refills for a fragmented budget") {
    Alarm alarm(env);
    Spinners s(env, alarm);
    s.add({4000, 10'000, 8}, 100);
    s.add({500, 1500}, 120);
    s.start();
    alarm.sleep_until(7000);
    s.configure(0, {4000, 10'000, 0});
    alarm.sleep_until(21'500);
    expect_runs(__FILE__, __LINE__, traces[0],
                {{501, 1500}, {2001, 3000}, {3501, 4500}, {5002, 6000}}, merge_slack);
    EXPECT_TRUE(traces[0].count >= 6);
    EXPECT_NEAR(traces[0].runs[traces[0].count - 1].to, 21'001, 40);
}

TEST_CASE(NUMBERS_0014, "F12: the same parameters again give a blocked thread a full budget") {
    Alarm alarm(env);
    Spinners s(env, alarm);
    const CPtr work = env.make(ObjectType::notification);
    s.add({2000, 10'000}, 100, [&alarm, work] {
        traces[0].burn_us(alarm.origin(), 1500);
        sel4::wait(work);
        traces[0].spin(alarm.origin());
    });
    s.start();
    alarm.sleep_until(3000);
    s.configure(0, {2000, 10'000});
    alarm.sleep_until(4000);
    sel4::signal(work);
    alarm.sleep_until(15'000);
    EXPECT_RUNS(traces[0], {1, 1500}, {4001, 6000}, {14001, 14998});
}

TEST_CASE(NUMBERS_0015, "Z1: many periods, released in the order of their times") {
    Alarm alarm(env);
    Spinners s(env, alarm);
    for (unsigned i = 0; i < 8; ++i) s.add({100, 8000 - 900 * i}, 100);
    s.start();
    alarm.sleep_until(7000);
    EXPECT_RUNS(traces[7], {1, 100}, {1701, 1800}, {3401, 3500}, {5101, 5200}, {6801, 6900});
    EXPECT_RUNS(traces[6], {101, 200}, {2701, 2800}, {5301, 5400});
    EXPECT_RUNS(traces[5], {201, 300}, {3701, 3800});
    EXPECT_RUNS(traces[4], {302, 400}, {4701, 4800});
    EXPECT_RUNS(traces[0], {702, 801});
}

}  // namespace
}  // namespace target

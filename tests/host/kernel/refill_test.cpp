// SPDX-License-Identifier: BSD-2-Clause
// The refill ring against a slow model of the same rules (sel4-abi 10.4) on a plain list, with
// random use; and the invariants that both must keep.
#include "sched/refill.hpp"

#include <gtest/gtest.h>

#include <list>
#include <random>
#include <vector>

namespace numbat {
namespace {

constexpr Ticks us = 125;  // two microseconds; small numbers collide more often

struct Model {
    Ticks period;
    std::size_t room;
    std::list<Refill> refills;

    void append(Refill refill) {
        Refill& last = refills.back();
        if (last.time + last.amount >= refill.time) {
            last.amount += refill.amount;
        } else if (refills.size() < room) {
            refills.push_back(refill);
        } else {
            last.time = refill.time - last.amount;
            last.amount += refill.amount;
        }
    }
    void charge(Ticks used) {
        while (used >= refills.front().amount) {
            const Refill old = refills.front();
            used -= old.amount;
            if (refills.size() == 1) {
                refills.front().time += period;
            } else {
                refills.pop_front();
                append({old.time + period, old.amount});
            }
        }
        if (used != 0) {
            const Ticks start = refills.front().time;
            refills.front() = {start + used, refills.front().amount - used};
            append({start + period, used});
        }
        while (refills.front().amount < refill::min_budget && refills.size() > 1) {
            const Refill old = refills.front();
            refills.pop_front();
            refills.front().amount += old.amount;
            refills.front().time -= old.amount;
        }
    }
    void unblock(Ticks now) {
        if (refills.front().time > now) return;
        refills.front().time = now;
        while (refills.size() > 1) {
            const Refill second = *std::next(refills.begin());
            if (second.time > refills.front().time + refills.front().amount) break;
            refills.front().amount += second.amount;
            refills.erase(std::next(refills.begin()));
        }
    }
};

struct Context {
    explicit Context(std::uint32_t refill_max)
        : bytes(sizeof(SchedContext) + refill_max * sizeof(Refill)),
          sc(*reinterpret_cast<SchedContext*>(bytes.data())) {}
    std::vector<std::byte> bytes;
    SchedContext& sc;

    Refill at(std::uint32_t i) const { return sc.refills[(sc.head + i) % sc.refill_max]; }
};

void expect_equal(const Context& context, const Model& model) {
    ASSERT_EQ(context.sc.count, model.refills.size());
    std::uint32_t i = 0;
    for (const Refill& refill : model.refills) {
        EXPECT_EQ(context.at(i).time, refill.time) << i;
        EXPECT_EQ(context.at(i).amount, refill.amount) << i;
        ++i;
    }
}

void expect_invariants(const Context& context, Ticks budget) {
    Ticks sum = 0;
    for (std::uint32_t i = 0; i < context.sc.count; ++i) {
        sum += context.at(i).amount;
        if (i > 0) {
            EXPECT_LE(context.at(i - 1).time + context.at(i - 1).amount, context.at(i).time);
        }
    }
    EXPECT_EQ(sum, budget);
    EXPECT_GE(refill::head(context.sc).amount, refill::min_budget);
}

TEST(Refill, RandomUseMatchesTheModel) {
    std::mt19937_64 random(20260801);
    for (int round = 0; round < 300; ++round) {
        const auto refill_max = static_cast<std::uint32_t>(2 + random() % 9);
        const Ticks budget = refill::min_budget + us * (random() % 400);
        const Ticks period = budget + us * (1 + random() % 2000);
        Ticks now = 1'000'000;
        Context context(refill_max);
        refill::reset(context.sc, {budget, period, refill_max}, now);
        Model model{period, refill_max, {{now, budget}}};
        for (int step = 0; step < 400; ++step) {
            now = std::max(now, refill::head(context.sc).time) + random() % (period / 2);
            refill::unblock(context.sc, now);
            model.unblock(now);
            const Ticks used = random() % (refill::head(context.sc).amount + 300);
            refill::charge(context.sc, used);
            model.charge(used);
            now += used;
            expect_equal(context, model);
            expect_invariants(context, budget);
            if (HasFailure()) return;
        }
    }
}

/// In no window of one period does a thread that always runs when it may get more than its budget
/// and what one minimum allows for.
TEST(Refill, NoMoreThanTheBudgetInAPeriod) {
    std::mt19937_64 random(7);
    for (int round = 0; round < 50; ++round) {
        const auto refill_max = static_cast<std::uint32_t>(2 + random() % 6);
        const Ticks budget = 2 * refill::min_budget + us * (random() % 200);
        const Ticks period = budget + us * (1 + random() % 1000);
        Context context(refill_max);
        Ticks now = 0;
        refill::reset(context.sc, {budget, period, refill_max}, now);
        std::vector<std::pair<Ticks, Ticks>> runs;
        for (int step = 0; step < 300; ++step) {
            now = std::max(now + random() % 2000, refill::head(context.sc).time);
            refill::unblock(context.sc, now);
            const Ticks used = 1 + random() % refill::head(context.sc).amount;
            runs.emplace_back(now, now + used);
            refill::charge(context.sc, used);
            now += used;
        }
        for (const auto& window : runs) {
            Ticks total = 0;
            for (const auto& run : runs) {
                const Ticks from = std::max(run.first, window.first);
                const Ticks to = std::min(run.second, window.first + period);
                if (from < to) total += to - from;
            }
            EXPECT_LE(total, budget + refill::min_budget);
        }
    }
}

TEST(Refill, UpdateKeepsWhatIsLeft) {
    Context context(4);
    refill::reset(context.sc, {100'000, 500'000, 4}, 1000);
    refill::charge(context.sc, 40'000);  // head 60000, tail 40000
    refill::update(context.sc, {50'000, 500'000, 4}, 41'000);
    EXPECT_EQ(context.sc.count, 1u);
    EXPECT_EQ(context.at(0).time, 41'000u);
    EXPECT_EQ(context.at(0).amount, 50'000u);
    refill::update(context.sc, {80'000, 600'000, 2}, 42'000);
    EXPECT_EQ(context.sc.count, 2u);
    EXPECT_EQ(context.at(0).amount, 50'000u);
    EXPECT_EQ(context.at(1).time, 642'000u);
    EXPECT_EQ(context.at(1).amount, 30'000u);
}

TEST(Refill, RoundRobinUsesUpASliceAndStartsAnother) {
    Context context(2);
    refill::reset(context.sc, {100'000, 0, 2}, 0);
    EXPECT_TRUE(refill::ready(context.sc, 0));
    refill::consume_round_robin(context.sc, 30'000);
    EXPECT_EQ(context.sc.refills[0].amount, 70'000u);
    EXPECT_TRUE(refill::sufficient(context.sc, 70'000 - refill::min_budget));
    EXPECT_FALSE(refill::sufficient(context.sc, 70'000 - refill::min_budget + 1));
    refill::restart_round_robin(context.sc);
    EXPECT_EQ(context.sc.refills[0].amount, 100'000u);
}

TEST(Refill, SmallBudgetsLeaveHalfForSystemCalls) {
    Context context(2);
    for (const Ticks budget : {refill::min_budget, refill::min_budget * 3 / 2}) {
        refill::reset(context.sc, {budget, 600'000, 2}, 0);
        EXPECT_TRUE(refill::sufficient(context.sc, budget - budget / 2));
        EXPECT_FALSE(refill::sufficient(context.sc, budget - budget / 2 + 1));
    }
    refill::reset(context.sc, {3 * refill::min_budget, 600'000, 2}, 0);
    EXPECT_TRUE(refill::sufficient(context.sc, 2 * refill::min_budget));
    EXPECT_FALSE(refill::sufficient(context.sc, 2 * refill::min_budget + 1));
}

TEST(Refill, EndOfTimeDoesNotWrap) {
    Context context(2);
    const Ticks longest = abi::us_to_ticks(abi::max_period_us);
    refill::reset(context.sc, {2000, longest, 2}, 0);
    for (int i = 0; i < 10'000; ++i) refill::charge(context.sc, refill::head(context.sc).amount);
    EXPECT_GE(refill::head(context.sc).time, refill::latest_time);
    EXPECT_GE(refill::head(context.sc).amount, refill::min_budget);
}

}  // namespace
}  // namespace numbat

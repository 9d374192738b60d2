// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

#include "server/drivers/timer/timeouts.hpp"
#include "timer_model.hpp"

namespace {

using namespace sos::timer;
using Meson = MesonTimer<model::MesonBus>;
using Generic = GenericTimer<model::GenericRegisters>;

constexpr std::uint64_t year_us = 31'557'600'000'000;

TEST(Countdown, FinestResolutionThatReaches) {
    EXPECT_EQ(choose_countdown<Meson>(0), (Countdown{0, 1}));
    EXPECT_EQ(choose_countdown<Meson>(1), (Countdown{0, 1}));
    EXPECT_EQ(choose_countdown<Meson>(65'535), (Countdown{0, 65'535}));
    EXPECT_EQ(choose_countdown<Meson>(65'536), (Countdown{1, 6'554}));
    EXPECT_EQ(choose_countdown<Meson>(655'350), (Countdown{1, 65'535}));
    EXPECT_EQ(choose_countdown<Meson>(655'351), (Countdown{2, 6'554}));
    EXPECT_EQ(choose_countdown<Meson>(6'553'501), (Countdown{3, 6'554}));
    EXPECT_EQ(choose_countdown<Meson>(65'535'000), (Countdown{3, 65'535}));
    EXPECT_EQ(choose_countdown<Meson>(65'535'001), (Countdown{3, 65'535}));
    EXPECT_EQ(choose_countdown<Meson>(~0ull), (Countdown{3, 65'535}));
    EXPECT_EQ(choose_countdown<Generic>(100 * year_us), (Countdown{0, Generic::max_count}));
}

TEST(GenericTimer, TimeForACenturyAtAnyFrequency) {
    for (const std::uint64_t frequency :
         {1'000'000ull, 24'000'000ull, 62'500'000ull, 999'999'937ull, 1'000'000'000ull}) {
        model::GenericRegisters registers{.frequency = frequency, .ticks_per_read = 0};
        registers.ticks = 12'345'678;
        Generic timer(registers);
        ASSERT_TRUE(timer.initialise());
        EXPECT_EQ(timer.now_us(), 0u);
        registers.ticks = 12'345'678 + frequency * (100 * year_us / 1'000'000);
        EXPECT_EQ(timer.now_us(), 100 * year_us);
        registers.ticks += frequency / 2;
        EXPECT_EQ(timer.now_us(), 100 * year_us + 500'000 - (frequency % 2 != 0 ? 1 : 0));
    }
}

TEST(GenericTimer, RefusesImpossibleFrequencies) {
    for (const std::uint64_t frequency : {0ull, 999'999ull, 1'000'000'001ull}) {
        model::GenericRegisters registers{.frequency = frequency};
        Generic timer(registers);
        EXPECT_FALSE(timer.initialise()) << frequency;
    }
}

TEST(GenericTimer, TheInterruptIsNeverEarlyAndAtMostOneMicrosecondLate) {
    std::mt19937_64 random(7);
    model::GenericRegisters registers{.frequency = 24'000'007, .ticks_per_read = 0};
    Generic timer(registers);
    ASSERT_TRUE(timer.initialise());
    for (int round = 0; round < 100'000; ++round) {
        registers.ticks += random() % 1'000'003;
        const std::uint64_t before = timer.now_us();
        const std::uint64_t distance = 1 + random() % (round % 2 == 0 ? 100 : 5'000'000);
        timer.start(0, distance);
        ASSERT_FALSE(registers.raised());
        registers.ticks = registers.compare - 1;
        ASSERT_FALSE(registers.raised());
        ++registers.ticks;
        ASSERT_TRUE(registers.raised());
        ASSERT_GE(timer.now_us(), before + distance);
        ASSERT_LE(timer.now_us(), before + distance + 1);
        timer.stop();
        ASSERT_FALSE(registers.raised());
    }
    timer.start(0, Generic::max_count);
    EXPECT_GT(registers.compare, registers.ticks) << "no overflow";
}

TEST(MesonTimer, CounterIsReadWithoutTearing) {
    model::MesonBus bus;
    Meson timer(bus);
    timer.initialise();
    bus.now = 0xffff'fff0;
    bus.us_per_access = 1;
    std::uint64_t last = 0;
    for (int i = 0; i < 100; ++i) {
        const std::uint64_t now = timer.now_us();
        ASSERT_GT(now, last);
        ASSERT_LE(now, bus.now);
        ASSERT_GE(now + 6, bus.now);
        last = now;
    }
}

TEST(MesonTimer, StopsBeforeItChangesResolution) {
    model::MesonBus bus;
    Meson timer(bus);
    timer.initialise();
    timer.start(3, 2);
    EXPECT_EQ(bus.step(), 1000u);
    for (int i = 0; i < 1999; ++i) bus.tick();
    EXPECT_FALSE(bus.raised());
    bus.tick();
    EXPECT_TRUE(bus.raised());
    timer.start(0, 5);
    EXPECT_FALSE(bus.raised());
    EXPECT_EQ(bus.left(), 5u);
    EXPECT_EQ(bus.step(), 1u);
    timer.stop();
    for (int i = 0; i < 100; ++i) bus.tick();
    EXPECT_FALSE(bus.raised());
}

struct Fired {
    model::MesonBus* bus;
    std::vector<std::pair<std::uint32_t, std::uint64_t>> events;
    static void callback(std::uint32_t id, void* context) {
        auto& self = *static_cast<Fired*>(context);
        self.events.emplace_back(id, self.bus->now);
    }
};

TEST(MesonTimer, TimeoutsBeyondItsWidthArriveAtMostOneStepLate) {
    model::MesonBus bus;
    Meson timer(bus);
    timer.initialise();
    model::CheckedLock lock;
    TIMEOUTS<Meson, model::CheckedLock> list(timer, lock);
    std::array<decltype(list)::Node, 64> nodes;
    list.donate(nodes);
    Fired fired{&bus, {}};
    const std::vector<std::uint64_t> delays{
        1,          9,          10,          65'535, 65'536,     700'000,   6'600'000,
        66'000'000, 66'000'001, 140'000'123, 65'535, 65'535'000, 65'535'001};
    std::map<std::uint32_t, std::uint64_t> deadlines;
    for (const std::uint64_t delay : delays) {
        const auto id = list.register_after(delay, Fired::callback, &fired);
        ASSERT_TRUE(id.has_value());
        deadlines[*id] = bus.now + delay;
    }
    std::uint64_t interrupts = 0;
    while (list.pending() != 0) {
        bus.advance(bus.until_end().value_or(1));
        if (bus.raised()) {
            list.on_interrupt();
            ++interrupts;
        }
        ASSERT_LT(bus.now, 141'000'000u) << "a timeout was lost";
    }
    ASSERT_EQ(fired.events.size(), delays.size());
    for (const auto& [id, at] : fired.events) {
        EXPECT_GE(at, deadlines[id]);
        EXPECT_LE(at, deadlines[id] + 1000);
    }
    EXPECT_LT(interrupts, 40u) << "tickless";
    EXPECT_FALSE(bus.raised());
}

}  // namespace

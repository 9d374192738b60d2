// SPDX-License-Identifier: BSD-2-Clause
// The timeout list on both kinds of hardware, beside a sorted map that says what must happen: none
// lost, none early, none twice, in order, and late by at most one step of the countdown.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <vector>

#include "server/drivers/timer/timeouts.hpp"
#include "timer_model.hpp"

namespace {

using namespace sos::timer;

constexpr std::uint64_t century_us = 3'155'760'000'000'000;

/// The countdown timer of 16 bits; each access to it takes a microsecond.
struct MesonRig {
    using Timer = MesonTimer<model::MesonBus>;
    /// The handling of one interrupt touches the device less often than this.
    static constexpr std::uint64_t handling_us = 32;

    explicit MesonRig(std::uint64_t start_us) {
        bus.now = start_us;
        bus.us_per_access = 1;
        timer.initialise();
        origin = bus.now;
    }
    std::uint64_t now() const { return bus.now; }
    void pass(std::uint64_t us) { bus.advance(us); }
    std::optional<std::uint64_t> until_interrupt() const { return bus.until_end(); }
    bool take_interrupt() { return bus.take_interrupt(); }

    model::MesonBus bus;
    Timer timer{bus};
    std::uint64_t origin = 0;
};

/// The generic timer, whose counter moves at each look.
struct GenericRig {
    using Timer = GenericTimer<model::GenericRegisters>;
    static constexpr std::uint64_t handling_us = 2;  // two looks may be in two microseconds

    explicit GenericRig(std::uint64_t start_us) {
        registers.ticks = start_us / 1'000'000 * hz;
        EXPECT_TRUE(timer.initialise());
        origin = registers.ticks;
    }
    std::uint64_t now() const { return registers.ticks; }
    void pass(std::uint64_t us) { registers.ticks += us * hz / 1'000'000; }
    std::optional<std::uint64_t> until_interrupt() const {
        if ((registers.control & cntp_ctl::enable) == 0) return std::nullopt;
        if (registers.compare <= registers.ticks) return 0;
        return (registers.compare - registers.ticks) * 1'000'000 / hz + 1;
    }
    bool take_interrupt() const { return registers.raised(); }

    static constexpr std::uint64_t hz = 62'500'000;
    model::GenericRegisters registers{.frequency = hz};
    Timer timer{registers};
    std::uint64_t origin = 0;
};

template <typename Rig, typename Id>
class Trial {
  public:
    using List = TIMEOUTS<typename Rig::Timer, model::CheckedLock, Id>;

    Trial(std::uint64_t start_us, std::size_t nodes, unsigned seed)
        : rig_(start_us), nodes_(nodes), random_(seed) {
        list_.donate(nodes_);
    }

    void steps(unsigned count) {
        for (unsigned i = 0; i < count && !testing::Test::HasFatalFailure(); ++i) {
            switch (random_() % 8) {
                case 0:
                case 1:
                case 2:
                    add();
                    break;
                case 3:
                    remove();
                    break;
                default:
                    pass(random_delay() / 4);
            }
        }
    }
    /// Lets time pass until all have run.
    void drain() {
        for (unsigned i = 0; !expected_.empty() && !testing::Test::HasFatalFailure(); ++i) {
            ASSERT_LT(i, 1'000'000u) << "a timeout was lost";
            pass(10'000'000);
        }
        ASSERT_EQ(list_.pending(), 0u);
        ASSERT_FALSE(rig_.until_interrupt()) << "no interrupt without a timeout";
    }
    std::uint64_t callbacks() const { return callbacks_; }
    std::uint64_t interrupts() const { return interrupts_; }
    std::uint64_t refused() const { return refused_; }

  private:
    struct Entry {
        Id id;
    };

    /// All magnitudes alike, up to some minutes.
    std::uint64_t random_delay() { return random_() % (std::uint64_t{1} << random_() % 29); }

    static void callback(Id id, void* context) { static_cast<Trial*>(context)->on_callback(id); }

    void on_callback(Id id) {
        ++callbacks_;
        ASSERT_FALSE(lock_.held);
        ASSERT_FALSE(expected_.empty()) << "twice, or removed";
        const auto first = expected_.begin();
        ASSERT_EQ(first->second.id, id) << "the earliest, in order of registration";
        const std::uint64_t now = list_.now_us();
        ASSERT_GE(now, first->first) << "early";
        // The time of the look itself, and of the callbacks before in this pass, is on top.
        ASSERT_LE(now, first->first + 1000 + Rig::handling_us * (2 + work_in_pass_)) << "late";
        expected_.erase(first);
        ++work_in_pass_;
        ASSERT_EQ(list_.remove(id), RemoveResult::running);
        if (random_() % 4 == 0) add();
        if (random_() % 8 == 0) remove();
    }

    void add() {
        const std::uint64_t deadline = list_.now_us() + Rig::handling_us + random_delay();
        const auto id = list_.register_at(deadline, callback, this);
        if (!id) {
            ++refused_;
            ASSERT_GE(expected_.size(), std::min<std::size_t>(nodes_.size(), 255));
            return;
        }
        expected_.emplace(deadline, Entry{*id});
        ++work_in_pass_;
    }

    void remove() {
        if (expected_.empty()) return;
        auto victim = expected_.lower_bound(list_.now_us() + random_delay());
        if (victim == expected_.end()) victim = expected_.begin();
        ASSERT_EQ(list_.remove(victim->second.id), RemoveResult::removed);
        expected_.erase(victim);
        ++work_in_pass_;
    }

    void pass(std::uint64_t us) {
        while (!testing::Test::HasFatalFailure()) {
            // What happened meanwhile, between two accesses, may have left one.
            if (rig_.take_interrupt()) {
                ++interrupts_;
                list_.on_interrupt();
                work_in_pass_ = 0;
                continue;
            }
            const auto rest = rig_.until_interrupt();
            if (!rest || *rest > us) break;
            rig_.pass(*rest);
            us -= *rest;
        }
        rig_.pass(us);
        work_in_pass_ = 0;
    }

    Rig rig_;
    model::CheckedLock lock_;
    List list_{rig_.timer, lock_};
    std::vector<typename List::Node> nodes_;
    std::mt19937_64 random_;
    std::multimap<std::uint64_t, Entry> expected_;  // by deadline
    std::uint64_t work_in_pass_ = 0;
    std::uint64_t callbacks_ = 0, interrupts_ = 0, refused_ = 0;
};

template <typename Rig, typename Id = std::uint32_t>
void run(std::uint64_t start_us, std::size_t nodes, unsigned steps, unsigned seed) {
    Trial<Rig, Id> trial(start_us, nodes, seed);
    trial.steps(steps);
    if (testing::Test::HasFatalFailure()) return;
    trial.drain();
    EXPECT_GT(trial.callbacks(), steps / 5);
}

TEST(TimerRandom, CountdownOf16Bits) {
    run<MesonRig>(0, 200, 500'000, 1);
}

TEST(TimerRandom, CountdownOf16BitsWhileTheLowerHalfOfTheCounterWraps) {
    for (unsigned seed = 0; seed < 50; ++seed) {
        run<MesonRig>((std::uint64_t{1} << 32) - 2'000'000 - seed, 50, 2'000, seed);
    }
}

TEST(TimerRandom, CountdownOf16BitsAfterACentury) {
    run<MesonRig>(century_us, 200, 100'000, 2);
}

TEST(TimerRandom, GenericTimer) {
    run<GenericRig>(0, 200, 500'000, 3);
}

TEST(TimerRandom, GenericTimerAfterACentury) {
    run<GenericRig>(century_us, 200, 100'000, 4);
}

TEST(TimerRandom, IdsOfOneByteTurnAround) {
    run<MesonRig, std::uint8_t>(0, 100, 200'000, 5);
}

TEST(TimerRandom, MoreThanThereAreNodesAreRefused) {
    Trial<MesonRig, std::uint32_t> few(0, 5, 6);
    few.steps(20'000);
    if (HasFatalFailure()) return;
    EXPECT_GT(few.refused(), 100u);
    few.drain();
}

/// Ten thousand at once: in order, each once, and each at its own interrupt, so that an interrupt
/// has no more to do than what is due.
TEST(TimerRandom, TenThousandOutstanding) {
    constexpr std::size_t count = 10'000;
    model::IdealTimer hardware;
    model::CheckedLock lock;
    using List = TIMEOUTS<model::IdealTimer, model::CheckedLock>;
    List list(hardware, lock);
    std::vector<List::Node> nodes(count);
    list.donate(nodes);
    std::mt19937_64 random(8);
    struct Seen {
        model::IdealTimer* hardware;
        std::vector<std::uint64_t> times;
    } seen{&hardware, {}};
    std::vector<std::uint64_t> deadlines(count);
    for (std::uint64_t& deadline : deadlines) {
        deadline = 1 + random() % 100'000'000;
        ASSERT_TRUE(list.register_at(
            deadline,
            [](std::uint32_t, void* context) {
                auto& to = *static_cast<Seen*>(context);
                to.times.push_back(to.hardware->now);
            },
            &seen));
    }
    EXPECT_FALSE(list.register_after(
        1, [](std::uint32_t, void*) {}, nullptr));
    while (hardware.running) {
        hardware.now = hardware.end;
        const std::size_t before = seen.times.size();
        const std::size_t ran = list.on_interrupt();
        ASSERT_EQ(ran, seen.times.size() - before);
        ASSERT_GT(seen.times.size(), before) << "an interrupt for nothing";
    }
    std::sort(deadlines.begin(), deadlines.end());
    EXPECT_EQ(seen.times, deadlines);
}

}  // namespace

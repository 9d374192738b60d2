// SPDX-License-Identifier: BSD-2-Clause
#include "server/drivers/timer/timeouts.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <set>
#include <vector>

#include "timer_model.hpp"

namespace {

using namespace sos::timer;
using List = TIMEOUTS<model::IdealTimer, model::CheckedLock>;
using ByteList = TIMEOUTS<model::IdealTimer, model::CheckedLock, std::uint8_t>;

template <typename ListType>
struct Fixture {
    explicit Fixture(std::size_t count) : nodes(count) { list.donate(nodes); }

    /// Lets time pass to `us` and serves the interrupts on the way.
    void run_until(std::uint64_t us) {
        for (unsigned rounds = 0; hardware.running && hardware.end <= us; ++rounds) {
            ASSERT_LT(rounds, 10'000u) << "interrupts without end";
            hardware.now = std::max(hardware.now, hardware.end);
            list.on_interrupt();
        }
        hardware.now = us;
    }

    model::IdealTimer hardware;
    model::CheckedLock lock;
    ListType list{hardware, lock};
    std::vector<typename ListType::Node> nodes;
    std::vector<std::uint64_t> fired;  // ids in order

    static void record(typename ListType::Id id, void* context) {
        auto& self = *static_cast<Fixture*>(context);
        EXPECT_FALSE(self.lock.held) << "the lock is free during callbacks";
        self.fired.push_back(id);
    }
    typename ListType::Id add(std::uint64_t delay) {
        const auto id = list.register_after(delay, record, this);
        EXPECT_TRUE(id.has_value());
        return *id;
    }
};

TEST(Timeouts, RunsInOrderOfDeadlinesThenOfRegistration) {
    Fixture<List> f(8);
    const auto late = f.add(300), a = f.add(100), b = f.add(100), soon = f.add(5);
    EXPECT_EQ(f.list.pending(), 4u);
    EXPECT_EQ(f.list.next_deadline_us(), 5u);
    f.run_until(99);
    EXPECT_EQ(f.fired, (std::vector<std::uint64_t>{soon}));
    f.run_until(1000);
    EXPECT_EQ(f.fired, (std::vector<std::uint64_t>{soon, a, b, late}));
    EXPECT_FALSE(f.hardware.running) << "nothing left, no interrupt";
    EXPECT_FALSE(f.list.next_deadline_us().has_value());
}

TEST(Timeouts, ProgramsOnlyWhenTheEarliestChanges) {
    Fixture<List> f(8);
    f.add(100);
    EXPECT_EQ(f.hardware.programmed, 1u);
    f.add(200);
    EXPECT_EQ(f.hardware.programmed, 1u);
    const auto first = f.add(50);
    EXPECT_EQ(f.hardware.end, 50u);
    EXPECT_EQ(f.list.remove(first), RemoveResult::removed);
    EXPECT_EQ(f.hardware.end, 100u);
}

TEST(Timeouts, RemovedTimeoutsDoNotRun) {
    Fixture<List> f(8);
    const auto a = f.add(10), b = f.add(20), c = f.add(30);
    EXPECT_EQ(f.list.remove(b), RemoveResult::removed);
    EXPECT_EQ(f.list.remove(b), RemoveResult::unknown);
    f.run_until(10);
    EXPECT_EQ(f.list.remove(a), RemoveResult::unknown);
    EXPECT_EQ(f.list.remove(c), RemoveResult::removed);
    EXPECT_FALSE(f.hardware.running);
    f.run_until(100);
    EXPECT_EQ(f.fired, (std::vector<std::uint64_t>{a}));
}

TEST(Timeouts, RefusesWithoutNodesAndTakesDonations) {
    Fixture<List> f(2);
    f.add(1), f.add(2);
    EXPECT_EQ(f.list.register_after(3, f.record, &f), std::unexpected(TimerError::out_of_nodes));
    std::vector<List::Node> more(1);
    f.list.donate(more);
    f.add(3);
    EXPECT_FALSE(f.list.register_after(4, f.record, &f).has_value());
    f.run_until(10);
    EXPECT_EQ(f.fired.size(), 3u);
    f.add(1), f.add(1), f.add(1);
}

TEST(Timeouts, FarDeadlinesDoNotOverflow) {
    Fixture<List> f(4);
    f.hardware.now = 3'155'760'000'000'000;  // a century after boot
    const auto never = f.add(~0ull);
    const auto soon = f.add(7);
    EXPECT_EQ(f.list.next_deadline_us(), 3'155'760'000'000'007u);
    f.run_until(f.hardware.now + 1'000'000);
    EXPECT_EQ(f.fired, (std::vector<std::uint64_t>{soon}));
    EXPECT_EQ(f.list.remove(never), RemoveResult::removed);
}

TEST(Timeouts, DeadlinesInThePastRunAtOnceButNotInThisPass) {
    Fixture<List> f(4);
    f.hardware.now = 500;
    ASSERT_TRUE(f.list.register_at(100, f.record, &f).has_value());
    EXPECT_EQ(f.list.on_interrupt(), 0u) << "spurious interrupt";
    f.run_until(501);
    EXPECT_EQ(f.fired.size(), 1u);
}

struct SelfRegistering {
    Fixture<List>* f;
    int left;
    std::uint64_t delay;
    std::vector<std::uint64_t> times;
    static void callback(std::uint32_t, void* context) {
        auto& self = *static_cast<SelfRegistering*>(context);
        self.times.push_back(self.f->hardware.now);
        if (--self.left > 0) {
            ASSERT_TRUE(self.f->list.register_after(self.delay, callback, context).has_value());
        }
    }
};

TEST(Timeouts, CallbacksMayRegisterThemselvesEvenWithNoDelay) {
    Fixture<List> f(1);
    SelfRegistering self{&f, 5, 0, {}};
    ASSERT_TRUE(f.list.register_after(10, SelfRegistering::callback, &self).has_value());
    f.hardware.now = 10;
    EXPECT_EQ(f.list.on_interrupt(), 1u) << "one pass runs it once";
    f.run_until(100);
    EXPECT_EQ(self.times, (std::vector<std::uint64_t>{10, 11, 12, 13, 14}));
}

struct Remover {
    Fixture<List>* f;
    std::uint32_t victim;
    RemoveResult own{}, other{};
    static void callback(std::uint32_t id, void* context) {
        auto& self = *static_cast<Remover*>(context);
        self.own = self.f->list.remove(id);
        self.other = self.f->list.remove(self.victim);
    }
};

TEST(Timeouts, CallbacksMayRemoveOthersThatAreDueInTheSamePass) {
    Fixture<List> f(4);
    Remover remover{&f, 0};
    ASSERT_TRUE(f.list.register_after(10, Remover::callback, &remover).has_value());
    remover.victim = f.add(10);
    f.hardware.now = 20;
    EXPECT_EQ(f.list.on_interrupt(), 1u);
    EXPECT_EQ(remover.own, RemoveResult::running);
    EXPECT_EQ(remover.other, RemoveResult::removed);
    EXPECT_TRUE(f.fired.empty());
}

TEST(TimeoutIds, DescendFromBelowTheSmallestWhenTheLargestWasGiven) {
    Fixture<ByteList> f(20);
    // Ids 0..239 come and go; 240..255 stay: the situation of the description's figure 3.
    for (unsigned i = 0; i < 240; ++i) EXPECT_EQ(f.list.remove(f.add(1000)), RemoveResult::removed);
    for (unsigned i = 240; i < 256; ++i) EXPECT_EQ(f.add(1000), i);
    EXPECT_EQ(f.add(1000), 239u);
    EXPECT_EQ(f.add(1000), 238u);
    EXPECT_EQ(f.list.remove(239), RemoveResult::removed);
    EXPECT_EQ(f.add(1000), 237u);
}

TEST(TimeoutIds, AscendFromAboveTheLargestWhenZeroWasGiven) {
    Fixture<ByteList> f(20);
    for (unsigned i = 0; i < 256; ++i) EXPECT_EQ(f.list.remove(f.add(1000)), RemoveResult::removed);
    for (unsigned i = 255; i > 17; --i)
        EXPECT_EQ(f.list.remove(f.add(1000)), RemoveResult::removed) << i;
    for (int id = 16; id >= 0; --id) EXPECT_EQ(f.add(1000), id);
    EXPECT_EQ(f.add(1000), 17u);
    EXPECT_EQ(f.add(1000), 18u);
}

TEST(TimeoutIds, AnOldTimeoutAtTheEndDoesNotStopIds) {
    Fixture<ByteList> f(300);
    EXPECT_EQ(f.add(1'000'000), 0u);
    for (unsigned i = 1; i < 256; ++i) f.add(1'000'000);
    EXPECT_EQ(f.list.register_after(1, f.record, &f), std::unexpected(TimerError::out_of_ids));
    EXPECT_EQ(f.list.remove(77), RemoveResult::removed);
    EXPECT_EQ(f.add(1'000'000), 77u);
    EXPECT_EQ(f.list.remove(0), RemoveResult::removed);
    EXPECT_EQ(f.add(1'000'000), 0u);
}

/// Random use beside a sorted multimap that says what must happen.
template <typename ListType>
class Random {
  public:
    Random(unsigned seed, std::size_t nodes, std::uint64_t max_delay)
        : f_(nodes), limit_(nodes), max_delay_(max_delay), random_(seed) {}

    void run(unsigned steps) {
        for (unsigned step = 0; step < steps && !testing::Test::HasFatalFailure(); ++step) {
            switch (random_() % 8) {
                case 0:
                case 1:
                case 2:
                    add();
                    break;
                case 3:
                    remove_random();
                    break;
                default:
                    advance(random_() % (max_delay_ / 4 + 1));
            }
            check();
        }
        std::uint64_t guard = 0;
        while (!model_.empty() && !testing::Test::HasFatalFailure()) {
            advance(max_delay_);
            ASSERT_LT(++guard, 1'000'000u);
        }
        EXPECT_GT(runs_, steps / 8);
    }
    std::uint64_t runs() const { return runs_; }
    std::uint64_t turns() const { return turns_; }

  private:
    using Id = typename ListType::Id;
    struct Entry {
        Id id;
        std::uint64_t serial;
    };

    static void callback(Id id, void* context) { static_cast<Random*>(context)->on_callback(id); }

    void on_callback(Id id) {
        ++runs_;
        ASSERT_FALSE(f_.lock.held);
        ASSERT_FALSE(model_.empty());
        const auto first = model_.begin();
        ASSERT_EQ(first->second.id, id) << "the earliest, in order of registration";
        ASSERT_LE(first->first, f_.hardware.now) << "not early";
        ASSERT_EQ(first->first, due_) << "at its time";
        model_.erase(first);
        running_ = id;
        ASSERT_EQ(f_.list.remove(id), RemoveResult::running);
        switch (random_() % 6) {
            case 0:
                add();
                break;
            case 1:
                add(), add();
                break;
            case 2:
                remove_random();
                break;
            default:
                break;
        }
        running_.reset();
    }

    void add() {
        const std::uint64_t delay = random_() % max_delay_;
        const auto id = f_.list.register_after(delay, callback, this);
        if (model_.size() == limit_) {
            ASSERT_EQ(id, std::unexpected(TimerError::out_of_nodes));
            return;
        }
        ASSERT_TRUE(id.has_value());
        for (const auto& [when, entry] : model_) ASSERT_NE(entry.id, *id) << "an id given twice";
        ASSERT_FALSE(running_ == *id);
        if (*id < last_id_) ++turns_;
        last_id_ = *id;
        model_.emplace(f_.hardware.now + std::max<std::uint64_t>(delay, 1), Entry{*id, serial_++});
    }

    void remove_random() {
        if (model_.empty()) return;
        auto entry = model_.begin();
        std::advance(entry, static_cast<std::ptrdiff_t>(random_() % model_.size()));
        ASSERT_EQ(f_.list.remove(entry->second.id), RemoveResult::removed);
        ASSERT_EQ(f_.list.remove(entry->second.id), RemoveResult::unknown);
        model_.erase(entry);
    }

    void advance(std::uint64_t us) {
        const std::uint64_t until = f_.hardware.now + us;
        while (!model_.empty() && model_.begin()->first <= until &&
               !testing::Test::HasFatalFailure()) {
            due_ = model_.begin()->first;
            ASSERT_TRUE(f_.hardware.running);
            ASSERT_EQ(f_.hardware.end, due_) << "the interrupt comes at the first deadline";
            f_.hardware.now = due_;
            ASSERT_GE(f_.list.on_interrupt(), 1u);
        }
        f_.hardware.now = until;
    }

    void check() {
        ASSERT_EQ(f_.list.pending(), model_.size());
        ASSERT_EQ(f_.hardware.running, !model_.empty());
        if (!model_.empty()) {
            ASSERT_EQ(f_.list.next_deadline_us(), model_.begin()->first);
        }
    }

    Fixture<ListType> f_;
    std::size_t limit_;
    std::uint64_t max_delay_;
    std::mt19937 random_;
    std::multimap<std::uint64_t, Entry> model_;
    std::optional<Id> running_;
    std::uint64_t due_ = 0;
    std::uint64_t serial_ = 0;
    std::uint64_t runs_ = 0;
    std::uint64_t turns_ = 0;
    Id last_id_ = 0;
};

TEST(TimeoutsRandom, AgreesWithAMultimap) {
    Random<List> few(1, 20, 50);
    few.run(1'000'000);
    Random<List> many(2, 200, 100'000);
    many.run(200'000);
}

TEST(TimeoutsRandom, AgreesWithAMultimapWhileByteIdsTurnAround) {
    Random<ByteList> random(3, 100, 60);
    random.run(1'000'000);
    EXPECT_GT(random.turns(), 10'000u);
}

}  // namespace

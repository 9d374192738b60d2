// SPDX-License-Identifier: BSD-2-Clause
// One thread takes the interrupts while others register and remove: what remove() answers must be
// what happens.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "server/drivers/timer/timeouts.hpp"

namespace {

using namespace sos::timer;

/// Time moves whenever the interrupt thread says so; the rest is guarded by the list's lock.
struct SharedTimer {
    static constexpr std::array<std::uint64_t, 1> resolutions_us{1};
    static constexpr std::uint64_t max_count = ~std::uint64_t{0};
    std::uint64_t now_us() const { return now.load(); }
    void start(std::size_t, std::uint64_t) { running = true; }
    void stop() { running = false; }

    std::atomic<std::uint64_t> now{0};
    bool running = false;
};

using List = TIMEOUTS<SharedTimer, std::mutex>;

struct Timeout {
    std::atomic<unsigned> begun{0}, ended{0};
    std::atomic<bool> removed{false};
};

void callback(std::uint32_t, void* context) {
    auto& timeout = *static_cast<Timeout*>(context);
    EXPECT_FALSE(timeout.removed.load()) << "removed, and yet it runs";
    timeout.begun.fetch_add(1);
    std::this_thread::yield();  // others get to meet it while it runs
    timeout.ended.fetch_add(1);
}

/// Registers timeouts and removes half of them, some before, some while and some after they run.
void use(List& list, std::vector<Timeout>& timeouts, unsigned seed,
         std::atomic<unsigned>& running) {
    std::mt19937 random(seed);
    for (Timeout& timeout : timeouts) {
        const auto id = list.register_after(random() % 20, callback, &timeout);
        ASSERT_TRUE(id);
        if (random() % 2 == 0) continue;
        for (unsigned wait = random() % 8; wait > 0; --wait) std::this_thread::yield();
        switch (list.remove(*id)) {
            case RemoveResult::removed:
                EXPECT_EQ(timeout.begun.load(), 0u);
                timeout.removed.store(true);
                break;
            case RemoveResult::running:
                running.fetch_add(1);
                // Who must not go on before it has returned asks again until it has.
                while (list.remove(*id) == RemoveResult::running) std::this_thread::yield();
                EXPECT_EQ(timeout.ended.load(), 1u);
                break;
            case RemoveResult::unknown:
                EXPECT_EQ(timeout.ended.load(), 1u);
                break;
        }
    }
}

TEST(TimerThreads, RemovalFromAnotherThreadWhileCallbacksRun) {
    constexpr unsigned users = 3, each = 4'000;
    SharedTimer hardware;
    std::mutex lock;
    List list(hardware, lock);
    std::vector<List::Node> nodes(users * each);
    list.donate(nodes);
    std::vector<std::vector<Timeout>> timeouts;
    for (unsigned i = 0; i < users; ++i) timeouts.emplace_back(each);

    std::atomic<unsigned> at_work{users}, met_running{0};
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < users; ++i) {
        threads.emplace_back([&, i] {
            use(list, timeouts[i], i, met_running);
            at_work.fetch_sub(1);
        });
    }
    while (at_work.load() != 0) {
        hardware.now.fetch_add(1);
        list.on_interrupt();
        std::this_thread::yield();
    }
    for (std::thread& thread : threads) thread.join();
    hardware.now.fetch_add(1'000);
    list.on_interrupt();

    EXPECT_EQ(list.pending(), 0u);
    EXPECT_FALSE(hardware.running);
    for (const auto& some : timeouts) {
        for (const Timeout& timeout : some) {
            EXPECT_EQ(timeout.begun.load(), timeout.removed.load() ? 0u : 1u);
            EXPECT_EQ(timeout.ended.load(), timeout.begun.load());
        }
    }
    EXPECT_GT(met_running.load(), 0u) << "the case of interest has not come up";
}

}  // namespace

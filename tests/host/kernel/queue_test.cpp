// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <random>

#include "object/sched_context.hpp"
#include "sched/ready_queue.hpp"
#include "sched/release_queue.hpp"

namespace numbat {
namespace {

std::unique_ptr<Tcb[]> make_threads(std::size_t count) {
    return std::unique_ptr<Tcb[]>(new Tcb[count]());
}

TEST(ReadyQueues, RandomUseMatchesAMapOfQueues) {
    constexpr std::size_t count = 64;
    const auto threads = make_threads(count);
    auto queues = std::make_unique<ReadyQueues>();
    std::map<unsigned, std::deque<Tcb*>> model;
    std::mt19937 random(1);
    for (int step = 0; step < 20'000; ++step) {
        Tcb& thread = threads[random() % count];
        if (thread.queued_in == QueuedIn::ready) {
            queues->remove(thread);
            auto& queue = model[thread.priority];
            queue.erase(std::find(queue.begin(), queue.end(), &thread));
            if (queue.empty()) model.erase(thread.priority);
        } else {
            thread.priority =
                static_cast<std::uint8_t>(random() % 4 == 0 ? random() % 256 : 60 + random() % 8);
            if (random() % 2 == 0) {
                queues->push_front(thread);
                model[thread.priority].push_front(&thread);
            } else {
                queues->push_back(thread);
                model[thread.priority].push_back(&thread);
            }
        }
        ASSERT_EQ(queues->empty(), model.empty());
        if (model.empty()) continue;
        const auto& [priority, queue] = *model.rbegin();
        ASSERT_EQ(queues->highest(), priority);
        ASSERT_EQ(queues->first(), queue.front());
        ASSERT_TRUE(queues->none_above(priority));
        ASSERT_FALSE(queues->none_from(priority));
        const Tcb* at = queues->queue(priority).head;
        for (const Tcb* expected : queue) {
            if (expected == queues->held()) continue;  // the first one, as just seen
            ASSERT_EQ(at, expected);
            at = at->queue.next;
        }
        ASSERT_EQ(at, nullptr);
    }
}

TEST(ReadyQueues, AllPriorities) {
    const auto threads = make_threads(256);
    auto queues = std::make_unique<ReadyQueues>();
    for (unsigned p = 0; p < 256; ++p) {
        threads[p].priority = static_cast<std::uint8_t>(p);
        queues->push_back(threads[p]);
        EXPECT_EQ(queues->highest(), p);
    }
    for (unsigned p = 256; p-- > 0;) {
        EXPECT_EQ(queues->queue(queues->highest()).head, &threads[p]);
        queues->remove(threads[p]);
    }
    EXPECT_TRUE(queues->empty());
}

TEST(ReleaseQueue, OrderedByTimeThenFirstCome) {
    const auto threads = make_threads(5);
    SchedContext contexts[5] = {};
    const Ticks times[] = {50, 10, 50, 30, 10};
    ReleaseQueue queue;
    EXPECT_EQ(queue.next_time(), ReleaseQueue::never);
    for (int i = 0; i < 5; ++i) {
        contexts[i].refill_max = 2;
        contexts[i].refills[0].time = times[i];
        threads[i].sched_context = &contexts[i];
        queue.insert(threads[i]);
    }
    for (const int expected : {1, 4, 3, 0, 2}) {
        EXPECT_EQ(queue.next_time(), times[expected]);
        ASSERT_EQ(queue.first(), &threads[expected]);
        queue.remove(threads[expected]);
    }
    EXPECT_EQ(queue.first(), nullptr);
    EXPECT_EQ(queue.next_time(), ReleaseQueue::never);
}

TEST(TcbQueue, HighestPriorityFirstThenFirstCome) {
    const auto threads = make_threads(5);
    const unsigned priorities[] = {100, 120, 100, 110, 120};
    TcbQueue queue{};
    for (int i = 0; i < 5; ++i) {
        threads[i].priority = static_cast<std::uint8_t>(priorities[i]);
        queue.insert_ordered(threads[i]);
    }
    for (const int expected : {1, 4, 3, 0, 2}) {
        ASSERT_EQ(queue.head, &threads[expected]);
        queue.remove(threads[expected]);
        EXPECT_EQ(threads[expected].queued_in, QueuedIn::none);
    }
    EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace numbat

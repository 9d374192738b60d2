// SPDX-License-Identifier: BSD-2-Clause
#include "console/turn_queue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>

namespace sos::console {
namespace {

TEST(TurnQueue, gives_turns_in_the_order_of_asking) {
    TurnQueue queue;
    EXPECT_FALSE(queue.holder());
    EXPECT_TRUE(queue.take(7));
    EXPECT_TRUE(queue.take(7)) << "still";
    EXPECT_FALSE(queue.take(3));
    EXPECT_FALSE(queue.take(511));
    EXPECT_FALSE(queue.take(0));
    EXPECT_FALSE(queue.take(3)) << "asking again changes nothing";
    EXPECT_EQ(queue.pass(), 3u);
    EXPECT_FALSE(queue.take(7)) << "who has just written comes after the others";
    EXPECT_EQ(queue.pass(), 511u);
    EXPECT_EQ(queue.pass(), 0u);
    EXPECT_EQ(queue.pass(), 7u);
    EXPECT_EQ(queue.pass(), std::nullopt);
    EXPECT_FALSE(queue.holder());
}

TEST(TurnQueue, who_leaves_gives_up_turn_or_place) {
    TurnQueue queue;
    for (const TurnQueue::Writer writer : {1u, 2u, 3u, 4u}) queue.take(writer);
    EXPECT_EQ(queue.leave(3), std::nullopt) << "only a place";
    EXPECT_EQ(queue.leave(3), std::nullopt) << "nothing";
    EXPECT_EQ(queue.leave(1), 2u) << "the turn";
    EXPECT_EQ(queue.leave(2), 4u);
    EXPECT_EQ(queue.leave(4), std::nullopt);
    EXPECT_TRUE(queue.take(3));
}

TEST(TurnQueue, agrees_with_a_plain_queue) {
    std::mt19937 random(1);
    TurnQueue queue;
    std::deque<TurnQueue::Writer> model;  // the front has the turn
    for (unsigned step = 0; step < 200'000; ++step) {
        const TurnQueue::Writer writer = random() % 512;
        const auto at = std::find(model.begin(), model.end(), writer);
        switch (random() % 3) {
            case 0:
                if (at == model.end()) model.push_back(writer);
                ASSERT_EQ(queue.take(writer), model.front() == writer);
                break;
            case 1:
                if (!model.empty()) model.pop_front();
                ASSERT_EQ(queue.pass().has_value(), !model.empty());
                break;
            default: {
                const bool had_turn = at == model.begin() && at != model.end();
                if (at != model.end()) model.erase(at);
                ASSERT_EQ(queue.leave(writer).has_value(), had_turn && !model.empty());
            }
        }
        ASSERT_EQ(queue.holder(), model.empty() ? std::nullopt : std::optional(model.front()));
    }
}

}  // namespace
}  // namespace sos::console

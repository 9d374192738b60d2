// SPDX-License-Identifier: BSD-2-Clause
#include "thread/turn_account.hpp"

#include <gtest/gtest.h>

#include <random>
#include <utility>

namespace sos::thread {
namespace {

constexpr std::uint64_t slice = 1000;

TEST(TurnAccount, nobody_looks_before_a_slice_can_have_been_used) {
    TurnAccount account(slice);
    account.restart(5000);
    EXPECT_FALSE(account.worth_a_look(5000));
    EXPECT_FALSE(account.worth_a_look(5999));
    EXPECT_TRUE(account.worth_a_look(6000));
    EXPECT_FALSE(account.look(6000, 400)) << "most of the time was others'";
    EXPECT_FALSE(account.worth_a_look(6599));
    EXPECT_TRUE(account.worth_a_look(6600));
}

TEST(TurnAccount, a_turn_ends_with_the_slice) {
    TurnAccount account(slice);
    account.restart(0);
    EXPECT_FALSE(account.look(1000, 999));
    EXPECT_TRUE(account.look(2000, 1)) << "all looks together";
    account.restart(2000);
    EXPECT_FALSE(account.look(3000, 999)) << "what was too much is not held against it";
    EXPECT_TRUE(account.look(4000, 5000));
}

TEST(TurnAccount, looks_do_not_become_frequent_towards_the_end) {
    TurnAccount account(slice);
    account.restart(0);
    EXPECT_FALSE(account.look(1000, 999));
    EXPECT_FALSE(account.worth_a_look(1124));
    EXPECT_TRUE(account.worth_a_look(1125));
}

TEST(TurnAccount, whoever_does_a_little_at_a_time_ends_within_an_eighth_of_its_slice) {
    std::mt19937 random(1);
    TurnAccount account(slice);
    std::uint64_t now = 0, used = 0, unseen = 0;
    account.restart(now);
    for (int turns = 0; turns < 1000;) {
        const std::uint64_t work = random() % 20, wait = random() % 40;
        now += work + wait;
        used += work;
        unseen += work;
        if (!account.worth_a_look(now)) continue;
        if (!account.look(now, std::exchange(unseen, 0))) continue;
        ASSERT_GE(used, slice);
        ASSERT_LE(used, slice + slice / 8 + 20);
        used = 0;
        account.restart(now);
        ++turns;
    }
}

}  // namespace
}  // namespace sos::thread

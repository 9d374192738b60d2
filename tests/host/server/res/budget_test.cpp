// SPDX-License-Identifier: BSD-2-Clause
#include "res/budget.hpp"

#include <gtest/gtest.h>

namespace {

using namespace sos::res;

int told = 0;

TEST(BudgetTest, refuses_what_would_be_too_much) {
    Budget budget(1 << 20, 1 << 18);
    EXPECT_TRUE(budget.take(MemoryUse::image, 1 << 19));
    EXPECT_FALSE(budget.take(MemoryUse::pages, (1 << 19) + 1));
    EXPECT_FALSE(budget.take(MemoryUse::pages, ~0ull));
    EXPECT_TRUE(budget.take(MemoryUse::pages, 1 << 19));
    EXPECT_EQ(budget.room(), 0u);
    EXPECT_FALSE(budget.take(MemoryUse::objects, 1));
    EXPECT_TRUE(budget.take(MemoryUse::objects, 0));
    budget.give(MemoryUse::pages, 1 << 19);
    EXPECT_TRUE(budget.take(MemoryUse::objects, 1 << 19));
    EXPECT_EQ(budget.most(), 1u << 20);
    EXPECT_TRUE(budget.consistent());
}

TEST(BudgetTest, tells_before_it_is_used_up_and_now_and_then) {
    constexpr std::uint64_t page = 4096;
    Budget budget(1024 * page, 256 * page);
    budget.set_alarm([] { ++told; });
    EXPECT_TRUE(budget.take(MemoryUse::pages, 767 * page));
    EXPECT_EQ(told, 0);
    EXPECT_FALSE(budget.pressed());
    EXPECT_TRUE(budget.take(MemoryUse::pages, 2 * page));
    EXPECT_EQ(told, 1);
    EXPECT_TRUE(budget.pressed());
    for (int i = 0; i < 31; ++i) EXPECT_TRUE(budget.take(MemoryUse::pages, page));
    EXPECT_EQ(told, 1);
    EXPECT_TRUE(budget.take(MemoryUse::pages, page));
    EXPECT_EQ(told, 2);
    budget.give(MemoryUse::pages, 100 * page);
    EXPECT_FALSE(budget.pressed());
    EXPECT_TRUE(budget.take(MemoryUse::pages, 100 * page));
    EXPECT_EQ(told, 3);
}

}  // namespace

// SPDX-License-Identifier: BSD-2-Clause
#include "res/slot_bitmap.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <set>

using sos::res::SlotBitmap;

namespace {

std::unique_ptr<SlotBitmap> with_leaf(std::uint32_t first, std::uint32_t count) {
    auto map = std::make_unique<SlotBitmap>();
    map->add_leaf();
    map->give(first, count);
    return map;
}

TEST(SlotBitmap, HandsOutEachSlotOnce) {
    auto map = with_leaf(100, 3000);
    std::set<std::uint32_t> taken;
    while (const auto slot = map->take()) {
        EXPECT_TRUE(taken.insert(*slot).second);
        EXPECT_GE(*slot, 100u);
        EXPECT_LT(*slot, 3100u);
    }
    EXPECT_EQ(taken.size(), 3000u);
    EXPECT_EQ(map->free(), 0u);
}

TEST(SlotBitmap, GivesBackAndTakesAgain) {
    auto map = with_leaf(0, 4096);
    for (int i = 0; i < 4096; ++i) ASSERT_TRUE(map->take());
    EXPECT_FALSE(map->take());
    map->give(77, 1);
    EXPECT_EQ(map->take(), 77u);
    EXPECT_FALSE(map->take());
}

TEST(SlotBitmap, UsesEveryLeaf) {
    auto map = with_leaf(0, 0);
    for (unsigned i = 0; i < 70; ++i) map->add_leaf();
    map->give(70 * 4096 + 5, 1);
    EXPECT_EQ(map->take(), 70u * 4096 + 5);
    EXPECT_FALSE(map->take());
}

TEST(SlotBitmap, WindowsAreAdjacentAndDisjoint) {
    for (unsigned count : {2u, 8u, 32u, 64u, 128u, 256u, 512u}) {
        auto map = with_leaf(64, 2048);
        std::set<std::uint32_t> taken;
        while (const auto first = map->take_window(count)) {
            for (std::uint32_t i = 0; i < count; ++i) {
                EXPECT_TRUE(taken.insert(*first + i).second) << count;
            }
            EXPECT_EQ(*first / 4096, (*first + count - 1) / 4096);
        }
        EXPECT_EQ(taken.size(), 2048u) << count;
    }
}

TEST(SlotBitmap, WindowNeedsARunNotOnlyEnoughSlots) {
    auto map = with_leaf(0, 4096);
    for (int i = 0; i < 4096; ++i) ASSERT_TRUE(map->take());
    for (std::uint32_t slot = 0; slot < 4096; slot += 2) map->give(slot, 1);
    EXPECT_FALSE(map->take_window(2));
    map->give(1001, 1);
    EXPECT_EQ(map->take_window(2), 1000u);
}

}  // namespace

// SPDX-License-Identifier: BSD-2-Clause
// The two-level map of slots: every state of a tiny one, and random operations on a bigger one.
#include "vm/slot_map.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace sos::vm {

namespace {

using Tiny = SlotMap<3, 2>;  // 3 segments with 3 usable slots each

/// What must hold in every state, with these slots in use.
void check(const Tiny& map, unsigned used) {
    EXPECT_EQ(map.used(), static_cast<unsigned>(std::popcount(used)));
    unsigned number = 0;
    for (unsigned segment = 0; segment < 3; ++segment) {
        EXPECT_TRUE(map.in_use(segment * 4)) << "the place of the bitmap";
        bool full = true;
        for (unsigned i = 1; i < 4; ++i, ++number) {
            const bool in_use = (used >> number & 1) != 0;
            EXPECT_EQ(map.in_use(segment * 4 + i), in_use);
            full = full && in_use;
        }
        EXPECT_EQ((map.full_segments() >> segment & 1) != 0, full);
    }
}

unsigned bit_of(std::uint32_t slot) {
    return 1u << (slot / 4 * 3 + slot % 4 - 1);
}

TEST(SlotMapTest, EveryStateIsRightAndReachable) {
    for (unsigned wanted = 0; wanted < 512; ++wanted) {
        Tiny map;
        for (int i = 0; i < 9; ++i) ASSERT_EQ(map.take(1).count, 1u);
        EXPECT_EQ(map.take(1).count, 0u);
        for (std::uint32_t slot = 0; slot < 12; ++slot) {
            if (slot % 4 != 0 && (wanted & bit_of(slot)) == 0) map.give(slot);
        }
        check(map, wanted);
        // From here, runs of every length: free slots, one after the other, in one segment.
        for (std::uint32_t length = 1; length <= 5; ++length) {
            Tiny copy = map;
            const SlotRun run = copy.take(length);
            EXPECT_EQ(run.count > 0, wanted != 511);
            EXPECT_LE(run.count, length);
            unsigned now = wanted;
            for (std::uint32_t i = 0; i < run.count; ++i) {
                EXPECT_EQ((run.first + i) / 4, run.first / 4);
                EXPECT_EQ(now & bit_of(run.first + i), 0u);
                now |= bit_of(run.first + i);
            }
            check(copy, now);
        }
    }
}

TEST(SlotMapTest, LimitIsKept) {
    Tiny map;
    map.limit(5);
    EXPECT_EQ(map.take(2).count, 2u);
    std::uint32_t taken = 2;
    while (const std::uint32_t more = map.take(3).count) taken += more;
    EXPECT_EQ(taken, 5u);
    EXPECT_EQ(map.free(), 0u);
}

TEST(SlotMapTest, RandomUseOfTheWholeGeometry) {
    auto map = std::make_unique<SlotMap<16, 15>>();
    EXPECT_EQ(map->free(), 16u * 32767u);
    std::set<std::uint32_t> used;
    std::mt19937 random{3};
    for (int i = 0; i < 200'000; ++i) {
        if (random() % 5 < 3) {
            const SlotRun run = map->take(1 + random() % 16);
            for (std::uint32_t slot = run.first; slot < run.first + run.count; ++slot) {
                ASSERT_NE(slot % 32768, 0u);
                ASSERT_TRUE(used.insert(slot).second);
            }
        } else if (!used.empty()) {
            auto any = used.lower_bound(random() % (1u << 19));
            if (any == used.end()) any = used.begin();
            map->give(*any);
            used.erase(any);
        }
        ASSERT_EQ(map->used(), used.size());
    }
}

}  // namespace

}  // namespace sos::vm

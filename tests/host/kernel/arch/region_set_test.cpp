// SPDX-License-Identifier: BSD-2-Clause
#include "boot/region_set.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace kernel_test {
namespace {

using numbat::Region;
using numbat::RegionSet;
using Regions = std::vector<Region>;

Regions all(const RegionSet& set) {
    return {set.regions().begin(), set.regions().end()};
}

TEST(RegionSet, StaysSorted) {
    RegionSet set;
    EXPECT_TRUE(set.add({0x5000, 0x6000}));
    EXPECT_TRUE(set.add({0x1000, 0x2000}));
    EXPECT_TRUE(set.add({0x3000, 0x4000}));
    EXPECT_TRUE(set.add({0x7000, 0x7000}));
    EXPECT_EQ(all(set), (Regions{{0x1000, 0x2000}, {0x3000, 0x4000}, {0x5000, 0x6000}}));
}

TEST(RegionSet, RemoveCutsAndSplits) {
    RegionSet set;
    EXPECT_TRUE(set.add({0x1000, 0x9000}));
    EXPECT_TRUE(set.remove({0x3000, 0x4000}));
    EXPECT_EQ(all(set), (Regions{{0x1000, 0x3000}, {0x4000, 0x9000}}));
    EXPECT_TRUE(set.remove({0x2000, 0x5000}));
    EXPECT_EQ(all(set), (Regions{{0x1000, 0x2000}, {0x5000, 0x9000}}));
    EXPECT_TRUE(set.remove({0, 0x1800}));
    EXPECT_TRUE(set.remove({0x8000, 0xffff}));
    EXPECT_EQ(all(set), (Regions{{0x1800, 0x2000}, {0x5000, 0x8000}}));
    EXPECT_TRUE(set.remove({0x2000, 0x5000}));
    EXPECT_EQ(all(set), (Regions{{0x1800, 0x2000}, {0x5000, 0x8000}}));
    EXPECT_TRUE(set.remove({0, 0xffff}));
    EXPECT_TRUE(set.regions().empty());
}

TEST(RegionSet, SaysWhenItIsFull) {
    RegionSet set;
    for (std::uint64_t i = 0; i < RegionSet::capacity; ++i)
        EXPECT_TRUE(set.add({i * 0x2000, i * 0x2000 + 0x1000}));
    EXPECT_FALSE(set.add({0x10'0000, 0x20'0000}));
    EXPECT_FALSE(set.remove({0x100, 0x200}));
}

TEST(RegionSet, AllocatesAlignedFromTheTop) {
    RegionSet set;
    EXPECT_TRUE(set.add({0x1000, 0x9800}));
    EXPECT_TRUE(set.add({0xa000, 0xa800}));
    EXPECT_EQ(set.allocate(0x800, 0x800), 0xa000u);
    EXPECT_EQ(set.allocate(0x1000, 0x1000), 0x8000u);
    EXPECT_EQ(set.allocate(0x4000, 0x4000), 0x4000u);
    EXPECT_EQ(set.allocate(0x800, 0x800), 0x9000u);
    EXPECT_EQ(set.allocate(0x8000, 0x8000), std::nullopt);
    EXPECT_EQ(all(set), (Regions{{0x1000, 0x4000}}));
}

using Pieces = std::vector<std::pair<std::uint64_t, unsigned>>;

Pieces cut(Region region, unsigned low, unsigned high) {
    Pieces pieces;
    numbat::cut_into_powers(
        region, low, high, [&](std::uint64_t at, unsigned bits) { pieces.emplace_back(at, bits); });
    return pieces;
}

TEST(CutIntoPowers, TakesTheLargestThatFits) {
    EXPECT_EQ(cut({0x1000, 0x4000}, 4, 47), (Pieces{{0x1000, 12}, {0x2000, 13}}));
    EXPECT_EQ(cut({0, 0x5000}, 4, 47), (Pieces{{0, 14}, {0x4000, 12}}));
    EXPECT_EQ(cut({0, 0x4000}, 4, 13), (Pieces{{0, 13}, {0x2000, 13}}));
    EXPECT_EQ(cut({0x10, 0x35}, 4, 47), (Pieces{{0x10, 4}, {0x20, 4}}));
    EXPECT_EQ(cut({0x8000, 0x8000}, 4, 47), Pieces{});
}

TEST(CutIntoPowers, CutsTheDeviceSpaceOfTheMachine) {
    EXPECT_EQ(cut({0, 0x800'0000}, 4, 47), (Pieces{{0, 27}}));
    EXPECT_EQ(cut({0x801'1000, 0x4000'0000}, 4, 47).size(), 16u);
    EXPECT_EQ(cut({0x8000'0000, 1ull << 40}, 4, 47).size(), 9u);
}

}  // namespace
}  // namespace kernel_test

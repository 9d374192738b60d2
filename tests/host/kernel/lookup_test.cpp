// SPDX-License-Identifier: BSD-2-Clause
#include "cap/lookup.hpp"

#include <gtest/gtest.h>

namespace numbat {
namespace {

using abi::LookupFailureType;

struct LookupTest : ::testing::Test {
    Slot outer[16] = {};
    Slot inner[256] = {};

    LookupTest() {
        for (Slot& slot : outer) slot.clear();
        for (Slot& slot : inner) slot.clear();
        outer[2].cap = CNodeCap::make(inner, 8, 0x5, 4);
        outer[3].cap = DomainCap::make();
        inner[0x77].cap = IrqControlCap::make();
    }
};

TEST_F(LookupTest, OneLevelWithGuard) {
    const Cap root = CNodeCap::make(outer, 4, 0, 60);
    const auto found = resolve(root, 3, 64);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->slot, &outer[3]);
    EXPECT_EQ(found->bits_left, 0u);
}

TEST_F(LookupTest, GuardMismatchTellsTheGuard) {
    const Cap root = CNodeCap::make(outer, 4, 0x3, 60);
    const auto found = resolve(root, 3, 64);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().type, LookupFailureType::guard_mismatch);
    EXPECT_EQ(found.error().bits_left, 64);
    EXPECT_EQ(found.error().bits_found, 60);
    EXPECT_EQ(found.error().guard, 0x3u);
}

TEST_F(LookupTest, GuardLongerThanWhatIsLeft) {
    const Cap root = CNodeCap::make(outer, 4, 0, 60);
    const auto found = resolve(root, 0, 12);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().type, LookupFailureType::guard_mismatch);
    EXPECT_EQ(found.error().bits_left, 12);
}

TEST_F(LookupTest, TwoLevelsToTheLastBit) {
    const Cap root = CNodeCap::make(outer, 4);
    // index 2, guard 0x5, index 0x77: 16 bits
    const auto found = resolve(root, 0x2577, 16);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->slot, &inner[0x77]);
    EXPECT_EQ(found->bits_left, 0u);
    EXPECT_FALSE(resolve(root, 0x2677, 16));
}

TEST_F(LookupTest, BitsAboveTheDepthAreIgnored) {
    const Cap root = CNodeCap::make(outer, 4);
    const auto found = resolve(root, 0xffff'0000'0000'2577, 16);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->slot, &inner[0x77]);
}

TEST_F(LookupTest, StopsEarlyAtWhatIsNoCNode) {
    const Cap root = CNodeCap::make(outer, 4);
    const auto found = resolve(root, 0x3abc, 16);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->slot, &outer[3]);
    EXPECT_EQ(found->bits_left, 12u);
    const auto exact = lookup_target_slot(root, 0x3abc, 16, LookupSide::source);
    ASSERT_FALSE(exact);
    EXPECT_EQ(exact.error().code, abi::Error::failed_lookup);
    EXPECT_EQ(exact.error().first, 1u);
    EXPECT_EQ(exact.error().failure.type, LookupFailureType::depth_mismatch);
    EXPECT_EQ(exact.error().failure.bits_left, 12);
    EXPECT_EQ(exact.error().failure.bits_found, 0);
}

TEST_F(LookupTest, DepthTooSmallForTheNode) {
    const Cap root = CNodeCap::make(outer, 4);
    const auto found = resolve(root, 0, 3);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().type, LookupFailureType::depth_mismatch);
    EXPECT_EQ(found.error().bits_left, 3);
    EXPECT_EQ(found.error().bits_found, 4);
}

TEST_F(LookupTest, RootMustBeACNode) {
    EXPECT_EQ(resolve(Cap{}, 0, 64).error().type, LookupFailureType::invalid_root);
    const auto target = lookup_target_slot(DomainCap::make(), 0, 99, LookupSide::destination);
    EXPECT_EQ(target.error().code, abi::Error::failed_lookup);
    const auto range = lookup_target_slot(CNodeCap::make(outer, 4), 0, 65, LookupSide::destination);
    EXPECT_EQ(range.error().code, abi::Error::range_error);
    EXPECT_EQ(range.error().second, 64u);
}

}  // namespace
}  // namespace numbat

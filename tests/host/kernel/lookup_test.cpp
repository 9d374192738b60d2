// SPDX-License-Identifier: BSD-2-Clause
#include "cap/lookup.hpp"

#include <gtest/gtest.h>

#include <random>

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

/// Bit by bit, from the words of sel4-abi 5.1.
Slot* slot_by_the_book(Cap root, std::uint64_t address) {
    unsigned left = 64;
    const auto take = [&](unsigned bits) {
        std::uint64_t value = 0;
        for (unsigned i = 0; i < bits; ++i) value = value << 1 | (address >> --left & 1);
        return value;
    };
    while (root.is<CNodeCap>()) {
        const auto node = root.as<CNodeCap>();
        if (node.guard_size() > left || take(node.guard_size()) != node.guard()) return nullptr;
        if (node.radix() > left) return nullptr;
        Slot* const slot = node.slots() + take(node.radix());
        if (left == 0 || !slot->cap.is<CNodeCap>()) return slot;
        root = slot->cap;
    }
    return nullptr;
}

/// In spaces of up to four levels of every shape.
TEST(Resolve, FindsWhatTheBookFinds) {
    constexpr unsigned seed = 20260711;
    std::mt19937_64 random(seed);
    unsigned found = 0;
    unsigned missed = 0;
    for (unsigned round = 0; round < 20'000; ++round) {
        Slot nodes[4][16] = {};
        for (auto& node : nodes) {
            for (Slot& slot : node) slot.clear();
        }
        // From the deepest node up; what the address must be for the chain is noted on the way.
        Cap root{};
        std::uint64_t address = 0;
        unsigned used = 0;
        const unsigned levels = 1 + static_cast<unsigned>(random() % 4);
        for (unsigned level = levels; level-- > 0;) {
            const unsigned radix = 1 + static_cast<unsigned>(random() % 4);
            const unsigned most_guard = level == 0 ? 64 - radix : 20;
            const auto guard_size = static_cast<unsigned>(random() % (most_guard + 1)) & 63;
            const std::uint64_t guard = random() & (base::bit(guard_size) - 1);
            const std::uint64_t index = random() & (base::bit(radix) - 1);
            nodes[level][index].cap = level == levels - 1 ? Cap(IrqControlCap::make()) : root;
            root = CNodeCap::make(nodes[level], radix, guard, guard_size);
            const std::uint64_t digits = guard << radix | index;
            if (used < 64) address |= digits << used;
            used += radix + guard_size;
        }
        if (used < 64) address = address << (64 - used) | (random() & (base::bit(64 - used) - 1));
        if (random() % 4 == 0) address ^= base::bit(random() % 64);
        const auto resolved = resolve(root, address, 64);
        ASSERT_EQ(resolved ? resolved->slot : nullptr, slot_by_the_book(root, address))
            << "seed " << seed << ", round " << round;
        ++(resolved ? found : missed);
    }
    EXPECT_GT(found, 5'000u);
    EXPECT_GT(missed, 1'000u);
}

}  // namespace
}  // namespace numbat

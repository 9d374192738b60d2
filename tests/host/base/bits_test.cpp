// SPDX-License-Identifier: BSD-2-Clause
#include "base/bits.hpp"

#include <gtest/gtest.h>

#include "base/bitfield.hpp"
#include "base/strong.hpp"

namespace {

TEST(Bits, MaskReachesBothEnds) {
    EXPECT_EQ(base::mask(0), 0u);
    EXPECT_EQ(base::mask(1), 1u);
    EXPECT_EQ(base::mask(63), ~0ull >> 1);
    EXPECT_EQ(base::mask(64), ~0ull);
}

TEST(Bits, Alignment) {
    EXPECT_EQ(base::align_up(0x1001, 0x1000), 0x2000u);
    EXPECT_EQ(base::align_up(0x1000, 0x1000), 0x1000u);
    EXPECT_EQ(base::align_up(~0ull, 0x1000), 0u);
    EXPECT_EQ(base::align_down(0x1fff, 0x1000), 0x1000u);
    EXPECT_TRUE(base::aligned(0, 8));
    EXPECT_FALSE(base::aligned(4, 8));
}

TEST(Bits, RangeWithinNeverWraps) {
    EXPECT_TRUE(base::range_within(0, 10, 10));
    EXPECT_TRUE(base::range_within(10, 0, 10));
    EXPECT_FALSE(base::range_within(1, 10, 10));
    EXPECT_FALSE(base::range_within(11, 0, 10));
    EXPECT_FALSE(base::range_within(~0ull, 2, 10));
    EXPECT_FALSE(base::range_within(5, ~0ull, 10));
    EXPECT_TRUE(base::range_within(0, ~0ull, ~0ull));
}

TEST(Field, GetSetMake) {
    using Middle = base::Field<7, 2>;
    using Whole = base::Field<0, 64>;
    EXPECT_EQ(Middle::get(0x180), 3u);
    EXPECT_EQ(Middle::set(~0ull, 0), ~0x180ull);
    EXPECT_EQ(Middle::make(5), 0x80u) << "cut to the field";
    EXPECT_EQ(Whole::set(1, ~0ull), ~0ull);
}

TEST(Strong, OrderAndDistance) {
    const base::VAddr a{0x1000};
    EXPECT_EQ((a + 0x10).raw(), 0x1010u);
    EXPECT_EQ((a + 0x10) - a, 0x10u);
    EXPECT_LT(a, a + 1);
    static_assert(!std::is_convertible_v<base::VAddr, base::PAddr>);
    static_assert(!std::is_convertible_v<std::uint64_t, base::VAddr>);
}

}  // namespace

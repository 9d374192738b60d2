// SPDX-License-Identifier: BSD-2-Clause
#include "syscall/user_range.hpp"

#include <gtest/gtest.h>

namespace sos::syscall {
namespace {

constexpr std::uint64_t end = 0x8000'0000'0000;
constexpr std::uint64_t most = ~std::uint64_t{0};

TEST(UserRangeTest, EdgesOfTheUserHalf) {
    EXPECT_TRUE(in_user_half(0, 0));
    EXPECT_TRUE(in_user_half(0, end));
    EXPECT_TRUE(in_user_half(end - 1, 1));
    EXPECT_TRUE(in_user_half(end, 0));
    EXPECT_FALSE(in_user_half(end - 1, 2));
    EXPECT_FALSE(in_user_half(end, 1));
    EXPECT_FALSE(in_user_half(0, end + 1));
}

TEST(UserRangeTest, NothingWraps) {
    EXPECT_FALSE(in_user_half(0x400000, most));
    EXPECT_FALSE(in_user_half(most, 1));
    EXPECT_FALSE(in_user_half(most, most));
    EXPECT_FALSE(in_user_half(0xffff'ff80'0000'0000, 8));
    EXPECT_FALSE(in_user_half(1, most));
}

}  // namespace
}  // namespace sos::syscall

// SPDX-License-Identifier: BSD-2-Clause
#include "number.hpp"

#include <gtest/gtest.h>

namespace {

using sosh::parse_fixed_point;
using sosh::parse_number;

TEST(Number, takes_digits_only) {
    EXPECT_EQ(parse_number("0"), 0);
    EXPECT_EQ(parse_number("0042"), 42);
    EXPECT_EQ(parse_number("9223372036854775807"), 9223372036854775807);
    for (const char* bad :
         {"", "-1", "+1", " 1", "1 ", "0x10", "9223372036854775808", "99999999999999999999999"}) {
        EXPECT_FALSE(parse_number(bad)) << bad;
    }
}

TEST(Number, takes_fractions) {
    EXPECT_EQ(parse_fixed_point("1", 6), 1'000'000);
    EXPECT_EQ(parse_fixed_point("1.5", 6), 1'500'000);
    EXPECT_EQ(parse_fixed_point(".25", 6), 250'000);
    EXPECT_EQ(parse_fixed_point("2.", 3), 2000);
    EXPECT_EQ(parse_fixed_point("0.1234567", 6), 123'456);
    for (const char* bad : {"", ".", "1.x", "x", "-1", "1.2.3", "1,5", "9223372036854775807"}) {
        EXPECT_FALSE(parse_fixed_point(bad, 6)) << bad;
    }
}

}  // namespace

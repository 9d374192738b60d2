// SPDX-License-Identifier: BSD-2-Clause
#include "base/format.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

#include "base/strong.hpp"

namespace {

template <typename... Arguments>
std::string format(std::string_view text, const Arguments&... arguments) {
    std::string result;
    base::format_to([&result](char c) { result += c; }, text, arguments...);
    return result;
}

TEST(Format, Numbers) {
    EXPECT_EQ(format("{} {} {}", 0, -7, 42u), "0 -7 42");
    EXPECT_EQ(format("{}", std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
    EXPECT_EQ(format("{}", std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
    EXPECT_EQ(format("{x} {x}", 0xdeadbeefu, std::uint64_t{0}), "deadbeef 0");
}

TEST(Format, TextAndStrongTypes) {
    EXPECT_EQ(format("{}|{}|{}|{}", "a", std::string_view("bc"), 'd', true), "a|bc|d|true");
    EXPECT_EQ(format("{x}", base::VAddr{0x1000}), "1000");
    const char* none = nullptr;
    EXPECT_EQ(format("{}", none), "(null)");
}

TEST(Format, TooFewAndTooManyArguments) {
    EXPECT_EQ(format("{} {}", 1), "1 {?}");
    EXPECT_EQ(format("{}", 1, 2), "1");
    EXPECT_EQ(format("{ } {"), "{ } {");
    EXPECT_EQ(format("}{}{", 5), "}5{");
}

}  // namespace

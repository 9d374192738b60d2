// SPDX-License-Identifier: BSD-2-Clause
#include "console/whole_lines.hpp"

#include <gtest/gtest.h>

#include <string_view>

namespace sos::console {
namespace {

TEST(WholeLinesTest, EndsAtTheLastNewline) {
    constexpr struct {
        std::string_view text;
        std::size_t size;
    } rows[] = {{"", 0},      {"\n", 1},      {"line", 4},   {"line\n", 5},
                {"a\nbc", 2}, {"a\nb\nc", 4}, {"\nrest", 1}, {"\n\n", 2}};
    for (const auto& row : rows)
        EXPECT_EQ(whole_lines(std::as_bytes(std::span(row.text))), row.size) << row.text;
}

}  // namespace
}  // namespace sos::console

// SPDX-License-Identifier: BSD-2-Clause
#include "failure.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string_view>

namespace loader_test {
namespace {

TEST(Failure, EveryErrorHasItsOwnText) {
    std::set<std::string_view> texts;
    constexpr auto last = static_cast<unsigned>(loader::Error::tree_too_many_reserved);
    for (unsigned i = 0; i <= last; ++i) {
        const auto text = loader::describe(static_cast<loader::Error>(i));
        EXPECT_FALSE(text.empty());
        EXPECT_TRUE(texts.insert(text).second) << text;
    }
}

}  // namespace
}  // namespace loader_test

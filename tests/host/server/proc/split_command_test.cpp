// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "abi/sos_file.hpp"
#include "proc/create_job.hpp"

namespace sos::proc {
namespace {

std::vector<std::string> words(std::string_view line) {
    std::vector<char> block(line.size() + 1);
    const auto command = split_command(line, block);
    if (!command) return {};
    std::vector<std::string> result;
    const char* at = block.data();
    for (std::size_t i = 0; i < command->argc; ++i) {
        result.emplace_back(at);
        at += result.back().size() + 1;
    }
    EXPECT_EQ(static_cast<std::size_t>(at - block.data()), command->size);
    return result;
}

TEST(SplitCommandTest, WordsBetweenSpaces) {
    using Words = std::vector<std::string>;
    EXPECT_EQ(words("a"), (Words{"a"}));
    EXPECT_EQ(words("prog one  two"), (Words{"prog", "one", "two"}));
    EXPECT_EQ(words("  x  "), (Words{"x"}));
    EXPECT_EQ(words("tab\tstays \"as it\" is"), (Words{"tab\tstays", "\"as", "it\"", "is"}));
}

TEST(SplitCommandTest, NothingIsNoCommand) {
    char block[8];
    EXPECT_EQ(split_command("", block).error(), Error::not_found);
    EXPECT_EQ(split_command("   ", block).error(), Error::not_found);
}

TEST(SplitCommandTest, BoundsAreKept) {
    char block[4];
    EXPECT_TRUE(split_command("abc", block));
    EXPECT_EQ(split_command("abcd", block).error(), Error::argument_list_too_long);
    EXPECT_EQ(split_command("ab c", block).error(), Error::argument_list_too_long);

    std::string many;
    for (std::size_t i = 0; i < abi::max_argument_strings; ++i) many += "x ";
    std::vector<char> room(many.size() + 2);
    EXPECT_TRUE(split_command(many, room));
    EXPECT_EQ(split_command(many + "x", room).error(), Error::argument_list_too_long);
}

TEST(SplitCommandTest, AppendedArgumentIsNotSplit) {
    char block[16];
    const auto command = split_command("sh", block);
    const auto size = append_argument("a; b", block, command->size);
    ASSERT_TRUE(size);
    EXPECT_EQ(std::string(block, *size), std::string("sh\0a; b\0", 8));
    EXPECT_FALSE(append_argument("12345678", block, *size));
}

}  // namespace
}  // namespace sos::proc

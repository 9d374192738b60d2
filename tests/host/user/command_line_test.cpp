// SPDX-License-Identifier: BSD-2-Clause
#include "command_line.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using sosh::Command;
using sosh::Parser;
using sosh::Start;
using sosh::SyntaxError;

using Words = std::vector<std::string>;

struct Parsed {
    std::vector<Words> commands;  // empty ones left out; "&" is added to background ones
    std::optional<SyntaxError> error;
};

Parsed parse(std::string text) {
    const auto size = static_cast<unsigned>(text.size());
    std::vector<char> buffer(text.begin(), text.end());
    buffer.push_back('\0');
    buffer.shrink_to_fit();  // so that the sanitizer sees a write behind the NUL
    Parser parser(buffer.data(), size);
    Parsed parsed;
    Command command;
    for (;;) {
        const auto more = parser.next(command);
        if (!more) {
            parsed.error = more.error();
            return parsed;
        }
        if (!*more) return parsed;
        Words words(command.words, command.words + command.count);
        EXPECT_EQ(command.words[command.count], nullptr);
        if (command.start == Start::background) words.push_back("&");
        if (!command.empty()) parsed.commands.push_back(words);
    }
}

TEST(CommandLine, splits_words_and_commands) {
    EXPECT_EQ(parse("ls").commands, (std::vector<Words>{{"ls"}}));
    EXPECT_EQ(parse("  cat \t motd  ").commands, (std::vector<Words>{{"cat", "motd"}}));
    EXPECT_EQ(parse("ls; cat motd;exec hello a b\nps").commands,
              (std::vector<Words>{{"ls"}, {"cat", "motd"}, {"exec", "hello", "a", "b"}, {"ps"}}));
    EXPECT_EQ(parse(";; ls ;;\n\n; ps").commands, (std::vector<Words>{{"ls"}, {"ps"}}));
    for (const char* nothing : {"", "   ", "\n", ";", "# comment", " \t# ls; ps"}) {
        EXPECT_TRUE(parse(nothing).commands.empty()) << nothing;
        EXPECT_FALSE(parse(nothing).error) << nothing;
    }
}

TEST(CommandLine, starts_in_the_background) {
    EXPECT_EQ(parse("exec tick &").commands, (std::vector<Words>{{"exec", "tick", "&"}}));
    EXPECT_EQ(parse("tick&").commands, (std::vector<Words>{{"tick", "&"}}));
    EXPECT_EQ(parse("tick & hello").commands, (std::vector<Words>{{"tick", "&"}, {"hello"}}));
    EXPECT_EQ(parse("echo a\\&b '&'").commands, (std::vector<Words>{{"echo", "a&b", "&"}}));
    EXPECT_EQ(parse("&").error, SyntaxError::nothing_before_ampersand);
    EXPECT_EQ(parse("ls; & ps").error, SyntaxError::nothing_before_ampersand);
}

TEST(CommandLine, removes_quotes) {
    EXPECT_EQ(parse("echo 'a b' \"c;d\" e\\ f").commands,
              (std::vector<Words>{{"echo", "a b", "c;d", "e f"}}));
    EXPECT_EQ(parse("echo a'b'\"c\"d").commands, (std::vector<Words>{{"echo", "abcd"}}));
    EXPECT_EQ(parse("echo '' \"\"").commands, (std::vector<Words>{{"echo", "", ""}}));
    EXPECT_EQ(parse(R"(echo "a\"b\\c\d" '\')").commands,
              (std::vector<Words>{{"echo", R"(a"b\c\d)", "\\"}}));
    EXPECT_EQ(parse("echo 'a'; ps").commands, (std::vector<Words>{{"echo", "a"}, {"ps"}}));
    EXPECT_EQ(parse("echo a#b #c\nps").commands, (std::vector<Words>{{"echo", "a#b"}, {"ps"}}));
    EXPECT_EQ(parse("echo \\").commands, (std::vector<Words>{{"echo", "\\"}}));
    EXPECT_EQ(parse("echo 'a").error, SyntaxError::unterminated_quote);
    EXPECT_EQ(parse("echo \"a\\\"").error, SyntaxError::unterminated_quote);
}

TEST(CommandLine, refuses_what_it_cannot_do) {
    EXPECT_EQ(parse("ls > x").error, SyntaxError::redirection);
    EXPECT_EQ(parse("cat<x").error, SyntaxError::redirection);
    EXPECT_EQ(parse("ls | cat").error, SyntaxError::pipe);
    const Parsed parsed = parse("hello; ls | cat");
    EXPECT_EQ(parsed.commands.size(), 1u);  // what came before has been yielded
}

TEST(CommandLine, bounds_the_number_of_words) {
    std::string text;
    for (unsigned i = 0; i < sosh::max_words; ++i) text += "w ";
    EXPECT_EQ(parse(text).commands.at(0).size(), sosh::max_words);
    EXPECT_EQ(parse(text + "w").error, SyntaxError::too_many_words);
}

}  // namespace

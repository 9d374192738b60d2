// SPDX-License-Identifier: BSD-2-Clause
// The shell's language: commands separated by ';', newline or '&' (which starts the command in the
// background); words separated by blanks; quotes '...' and "..." and the backslash take away a
// character's meaning; '#' at the start of a word begins a comment. Words are unquoted in place, so
// a Command points into the text that was parsed and lives as long as that.
#pragma once

#include <expected>
#include <span>
#include <string_view>

namespace sosh {

inline constexpr unsigned max_words = 255;

enum class Start { foreground, background };

struct Command {
    char* words[max_words + 1] = {};  // ends with a null pointer
    unsigned count = 0;
    Start start = Start::foreground;

    bool empty() const { return count == 0; }
    std::string_view name() const { return words[0]; }
};

enum class SyntaxError {
    unterminated_quote,
    nothing_before_ampersand,
    too_many_words,
    redirection,
    pipe,
};

/// What is wrong, for the user.
const char* describe(SyntaxError error);

/// Yields the commands of a text one by one.
class Parser {
  public:
    /// `text` must end with a NUL at text[size], which belongs to the parser too.
    Parser(char* text, unsigned size) : text_(text), size_(size) {}

    /// Fills in the next command (empty for an empty one). False at the end of the text.
    std::expected<bool, SyntaxError> next(Command& command);

  private:
    enum class WordEnd { blank, command, background };

    void skip_blanks_and_comment();
    std::expected<WordEnd, SyntaxError> read_word(Command& command);
    std::expected<void, SyntaxError> copy_quoted(char quote);
    char peek() const { return at_ < size_ ? text_[at_] : '\0'; }

    char* text_;
    unsigned size_;
    unsigned at_ = 0;     // next character to read
    unsigned write_ = 0;  // where the next character of a word goes; never beyond at_
};

}  // namespace sosh

// SPDX-License-Identifier: BSD-2-Clause
#include "command_line.hpp"

namespace sosh {
namespace {

bool blank(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

bool ends_command(char c) {
    return c == ';' || c == '\n' || c == '&';
}

}  // namespace

const char* describe(SyntaxError error) {
    switch (error) {
        case SyntaxError::unterminated_quote:
            return "a quote has no end";
        case SyntaxError::nothing_before_ampersand:
            return "nothing before '&'";
        case SyntaxError::too_many_words:
            return "too many words (at most 255)";
        case SyntaxError::redirection:
            return "redirection is not supported (quote '<' and '>' to use them as text)";
        case SyntaxError::pipe:
            return "pipes are not supported (quote '|' to use it as text)";
    }
    return "";
}

void Parser::skip_blanks_and_comment() {
    while (at_ < size_ && blank(text_[at_])) ++at_;
    if (peek() != '#') return;
    while (at_ < size_ && text_[at_] != '\n') ++at_;
}

/// Copies what stands between quotes; the opening one has been read.
std::expected<void, SyntaxError> Parser::copy_quoted(char quote) {
    while (at_ < size_) {
        char c = text_[at_++];
        if (c == quote) return {};
        const bool escapes = quote == '"' && c == '\\' && (peek() == '"' || peek() == '\\');
        if (escapes) c = text_[at_++];
        text_[write_++] = c;
    }
    return std::unexpected(SyntaxError::unterminated_quote);
}

std::expected<Parser::WordEnd, SyntaxError> Parser::read_word(Command& command) {
    if (command.count == max_words) return std::unexpected(SyntaxError::too_many_words);
    write_ = at_;
    command.words[command.count++] = text_ + write_;
    auto end = WordEnd::command;
    while (at_ < size_) {
        const char c = text_[at_++];
        if (blank(c)) {
            end = WordEnd::blank;
            break;
        }
        if (ends_command(c)) {
            if (c == '&') end = WordEnd::background;
            break;
        }
        if (c == '<' || c == '>') return std::unexpected(SyntaxError::redirection);
        if (c == '|') return std::unexpected(SyntaxError::pipe);
        if (c == '\'' || c == '"') {
            if (auto copied = copy_quoted(c); !copied) return std::unexpected(copied.error());
        } else if (c == '\\' && at_ < size_) {
            text_[write_++] = text_[at_++];
        } else {
            text_[write_++] = c;
        }
    }
    // The separator has been read, or this is the text's own NUL: the place is free.
    text_[write_] = '\0';
    return end;
}

std::expected<bool, SyntaxError> Parser::next(Command& command) {
    command = Command{};
    skip_blanks_and_comment();
    if (at_ >= size_) return false;
    for (;;) {
        skip_blanks_and_comment();
        if (at_ >= size_) return true;
        if (ends_command(peek())) {
            const char c = text_[at_++];
            if (c == '&' && command.empty()) {
                return std::unexpected(SyntaxError::nothing_before_ampersand);
            }
            if (c == '&') command.start = Start::background;
            return true;
        }
        const auto end = read_word(command);
        if (!end) return std::unexpected(end.error());
        if (*end == WordEnd::background) command.start = Start::background;
        if (*end != WordEnd::blank) return true;
    }
}

}  // namespace sosh

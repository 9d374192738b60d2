// SPDX-License-Identifier: BSD-2-Clause
// Drives the editor with keys, and shows its output on a model of a terminal's row.
#include "line_editor.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace {

using sosh::History;
using sosh::LineEditor;
using Event = LineEditor::Event;

/// One row of a terminal that understands what the editor sends; a column holds a character.
class Row {
  public:
    explicit Row(unsigned columns) : columns_(columns) {}

    void print(std::string_view text) {
        for (std::size_t i = 0; i < text.size(); ++i) {
            const char c = text[i];
            if (c == '\r') {
                cursor_ = 0;
            } else if (c == '\n') {
                cells_.clear();
                cursor_ = 0;
            } else if (c == '\a') {
                ++bells_;
            } else if (c == '\x1b') {
                i = sequence(text, i);
            } else if ((static_cast<unsigned char>(c) & 0xc0) == 0x80 && cursor_ > 0) {
                cells_[cursor_ - 1] += c;
            } else {
                ASSERT_LT(cursor_, columns_) << "the row would wrap";
                if (cells_.size() <= cursor_) cells_.resize(cursor_ + 1, " ");
                cells_[cursor_++] = std::string(1, c);
            }
        }
    }

    std::string text() const {
        std::string all;
        for (const auto& cell : cells_) all += cell;
        return all;
    }
    unsigned cursor() const { return cursor_; }
    unsigned bells() const { return bells_; }

  private:
    std::size_t sequence(std::string_view text, std::size_t i) {
        EXPECT_EQ(text[++i], '[');
        unsigned number = 0;
        for (++i; text[i] >= '0' && text[i] <= '9'; ++i) {
            number = number * 10 + static_cast<unsigned>(text[i] - '0');
        }
        if (text[i] == 'K') cells_.resize(std::min<std::size_t>(cells_.size(), cursor_));
        if (text[i] == 'C') cursor_ += number == 0 ? 1 : number;
        if (text[i] == 'J') cells_.clear();
        if (text[i] == 'H') cursor_ = 0;
        return i;
    }

    unsigned columns_;
    std::vector<std::string> cells_;
    unsigned cursor_ = 0;
    unsigned bells_ = 0;
};

class Terminal {
  public:
    explicit Terminal(unsigned columns = 80) : editor(history, columns), row(columns) { begin(); }

    void begin() {
        editor.begin("$ ");
        row.print(editor.output());
    }

    Event type(std::string_view keys) {
        Event last = Event::none;
        for (const char key : keys) {
            last = editor.feed(key);
            row.print(editor.output());
            if (last == Event::line) {
                lines.emplace_back(editor.line());
                history.add(editor.line());
            }
            if (last != Event::none) begin();
        }
        return last;
    }

    History history;
    LineEditor editor;
    Row row;
    std::vector<std::string> lines;
};

TEST(LineEditor, shows_and_returns_what_is_typed) {
    Terminal t;
    EXPECT_EQ(t.row.text(), "$ ");
    EXPECT_EQ(t.type("cat motd"), Event::none);
    EXPECT_EQ(t.row.text(), "$ cat motd");
    EXPECT_EQ(t.type("\n"), Event::line);
    EXPECT_EQ(t.type("ls\r"), Event::line);
    EXPECT_EQ(t.lines, (std::vector<std::string>{"cat motd", "ls"}));
}

TEST(LineEditor, edits_in_the_middle) {
    struct Case {
        const char* keys;
        const char* line;
        unsigned cursor;
    };
    const Case cases[] = {
        {"abc\x7f", "ab", 2},
        {"abc\b\b", "a", 1},
        {"abc\x1b[D\x1b[DX", "aXbc", 2},
        {"abc\x1b[D\x1b[D\x7f", "bc", 0},
        {"abc\x01X\x05Y", "XabcY", 5},
        {"abc\x1b[HX\x1b[FY", "XabcY", 5},
        {"abc\x1bOHX\x1bOFY", "XabcY", 5},
        {"abc\x1b[1~X\x1b[4~Y", "XabcY", 5},
        {"abc\x01\x04", "bc", 0},
        {"abc\x01\x1b[3~\x1b[3~", "c", 0},
        {"abc\x02\x15", "c", 0},
        {"abc\x01\x06\x0b", "a", 1},
        {"one two  \x17", "one ", 4},
        {"one two\x17\x17", "", 0},
        {"a\xc3\xa9\x7f", "a", 1},
        {"a\xc3\xa9\xe2\x82\xac\x02\x02X", "aX\xc3\xa9\xe2\x82\xac", 2},
        {"a\xe2\x82\xac\x1b[D\x04", "a", 1},
        {"a\tb", "a b", 3},
        {"ab\x1b[1;5DX", "aXb", 2},  // with a modifier key
        {"ab\x0c", "ab", 2},
    };
    for (const Case& c : cases) {
        Terminal t;
        t.type(c.keys);
        EXPECT_EQ(t.editor.line(), c.line) << c.keys;
        EXPECT_EQ(t.row.text(), std::string("$ ") + c.line) << c.keys;
        EXPECT_EQ(t.row.cursor(), 2 + c.cursor) << c.keys;
    }
}

TEST(LineEditor, ends_and_gives_up_lines) {
    Terminal t;
    EXPECT_EQ(t.type("\x04"), Event::end_of_input);
    EXPECT_EQ(t.type("abc\x03"), Event::interrupted);
    EXPECT_EQ(t.editor.line(), "");
    EXPECT_EQ(t.type("abc\x01\x0b\x04"), Event::end_of_input);
}

TEST(LineEditor, rings_when_there_is_nothing_to_do) {
    for (const char* keys : {"\x7f", "a\x04", "\x1b[A", "\x1b[B", "\x07", "\x15"}) {
        Terminal t;
        t.type(keys);
        EXPECT_EQ(t.row.bells(), 1u) << keys;
    }
}

TEST(LineEditor, recalls_history) {
    Terminal t;
    t.type("one\ntwo\ntwo\n\nthree\n");
    EXPECT_EQ(t.history.size(), 3u);
    t.type("new\x1b[A");
    EXPECT_EQ(t.row.text(), "$ three");
    t.type("\x1b[A\x1b[A");
    EXPECT_EQ(t.row.text(), "$ one");
    t.type("\x1b[A");
    EXPECT_EQ(t.row.text(), "$ one");
    t.type("\x1b[B\x1b[B\x1b[B");
    EXPECT_EQ(t.row.text(), "$ new");
    t.type("\x10\x10\x7f!\n");
    EXPECT_EQ(t.lines.back(), "tw!");
    t.type("\x1b[A\x1b[A");
    EXPECT_EQ(t.row.text(), "$ three") << "a recalled line is not changed by editing it";
}

TEST(LineEditor, history_forgets_the_oldest) {
    History history;
    for (unsigned i = 0; i < sosh::history_lines + 5; ++i) history.add(std::to_string(i));
    EXPECT_EQ(history.size(), sosh::history_lines);
    EXPECT_EQ(history.line(0), std::to_string(sosh::history_lines + 4));
    EXPECT_EQ(history.line(sosh::history_lines - 1), "5");
}

TEST(LineEditor, refuses_more_than_a_line_holds) {
    Terminal t;
    t.type(std::string(sosh::max_line, 'x'));
    EXPECT_EQ(t.row.bells(), 0u);
    t.type("y");
    EXPECT_EQ(t.row.bells(), 1u);
    EXPECT_EQ(t.type("\n"), Event::line);
    EXPECT_EQ(t.lines.back(), std::string(sosh::max_line, 'x'));
    t.type("\x1b[A");
    EXPECT_EQ(t.editor.line().size(), sosh::max_line);
}

TEST(LineEditor, scrolls_a_long_line_sideways) {
    Terminal t(20);
    t.type("abcdefghijklmnopqrstuvwxyz");
    EXPECT_EQ(t.row.text(), "$ klmnopqrstuvwxyz");
    t.type("\x01");
    EXPECT_EQ(t.row.text(), "$ abcdefghijklmnop");
    EXPECT_EQ(t.row.cursor(), 2u);
    t.type("\x05\n");
    EXPECT_EQ(t.lines.back(), "abcdefghijklmnopqrstuvwxyz");
}

// Any bytes: the row never wraps, and shows the line whenever the line fits.
TEST(LineEditor, survives_random_keys) {
    std::mt19937 random(1);
    const std::string_view frequent = "ab \x01\x05\x02\x06\x10\x0e\x7f\x04\x1b[A\x1b[D\x15\n";
    for (int round = 0; round < 50; ++round) {
        Terminal t(20);
        for (int i = 0; i < 2000; ++i) {
            const bool plain = random() % 8 != 0;
            const char key =
                plain ? frequent[random() % frequent.size()] : static_cast<char>(random() % 128);
            t.type({&key, 1});
            const std::string_view line = t.editor.line();
            if (line.size() < 16) {
                ASSERT_EQ(t.row.text(), "$ " + std::string(line));
            }
        }
    }
}

}  // namespace

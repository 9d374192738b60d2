// SPDX-License-Identifier: BSD-2-Clause
// Line editing for a terminal that sends every key and shows what it is sent: a state machine that
// takes bytes and says what to print. It knows no file and no terminal, so a test can drive it.
//
// Keys: backspace, ^D or Delete (a character), ^U ^K ^W (the line to the left, to the right, a
// word), ^A ^E Home End, left right ^B ^F, up down ^P ^N (history), ^L (redraw), ^C (give up the
// line), ^D on an empty line (end of input). UTF-8 characters move and vanish whole.
//
// The line is shown in one row of the terminal; a longer one scrolls sideways.
#pragma once

#include <cstddef>
#include <string_view>

namespace sosh {

inline constexpr unsigned max_line = 1023;     // bytes; more are refused with a bell
inline constexpr unsigned history_lines = 32;  // the oldest goes first

/// Lines typed before, newest first. A line equal to the newest, or empty, is not added.
class History {
  public:
    void add(std::string_view line);
    unsigned size() const { return count_; }
    /// `back` 0 is the newest; below size().
    std::string_view line(unsigned back) const;

  private:
    char lines_[history_lines][max_line + 1] = {};
    unsigned lengths_[history_lines] = {};
    unsigned next_ = 0;
    unsigned count_ = 0;
};

class LineEditor {
  public:
    enum class Event {
        none,
        line,          // line() is complete
        interrupted,   // ^C
        end_of_input,  // ^D on an empty line
    };

    explicit constexpr LineEditor(History& history, unsigned columns = 80)
        : history_(history), columns_(columns) {}

    /// Begins a line: output() is the prompt. `prompt` must outlive the line.
    void begin(std::string_view prompt);

    /// One byte from the terminal. Afterwards output() is what to print.
    Event feed(char byte);

    std::string_view line() const { return {line_, length_}; }
    /// The line with a NUL behind it, for a parser that works in place.
    char* text() { return line_; }
    std::string_view output() const { return {output_, output_length_}; }

  private:
    enum class Mode { text, escape, bracket };

    Event control(char byte);
    void escape_sequence(char final_byte);
    void insert(char byte);
    void erase(unsigned from, unsigned to);
    void move_to(unsigned position);
    void recall(std::string_view text);
    void older();
    void newer();
    void redraw();
    unsigned room() const;
    void finish(std::string_view text);
    void bell() { print("\a"); }
    void print(std::string_view text);
    void print_number(unsigned number);
    unsigned previous(unsigned position) const;
    unsigned following(unsigned position) const;
    unsigned word_start() const;
    unsigned width(unsigned from, unsigned to) const;

    History& history_;
    unsigned columns_;
    std::string_view prompt_;
    char line_[max_line + 1] = {};
    unsigned length_ = 0;
    unsigned cursor_ = 0;     // byte index
    unsigned recalled_ = 0;   // 0: the line being typed; n: history line n - 1
    unsigned parameter_ = 0;  // of an escape sequence
    Mode mode_ = Mode::text;
    char typed_[max_line + 1] = {};  // the new line, while older ones are shown
    unsigned typed_length_ = 0;
    char output_[2048] = {};  // a whole line and the prompt, with room for sequences
    unsigned output_length_ = 0;
};

}  // namespace sosh

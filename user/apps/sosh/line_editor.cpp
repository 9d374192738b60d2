// SPDX-License-Identifier: BSD-2-Clause
#include "line_editor.hpp"

#include <cstring>

namespace sosh {
namespace {

constexpr char control_key(char letter) {
    return static_cast<char>(letter & 0x1f);
}

constexpr char escape = '\x1b';
constexpr char rubout = '\x7f';

/// The second and later bytes of a UTF-8 character.
bool continues_character(char c) {
    return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

}  // namespace

void History::add(std::string_view line) {
    if (line.empty() || line.size() > max_line) return;
    if (count_ > 0 && this->line(0) == line) return;
    std::memcpy(lines_[next_], line.data(), line.size());
    lengths_[next_] = static_cast<unsigned>(line.size());
    next_ = (next_ + 1) % history_lines;
    if (count_ < history_lines) ++count_;
}

std::string_view History::line(unsigned back) const {
    const unsigned index = (next_ + history_lines - 1 - back) % history_lines;
    return {lines_[index], lengths_[index]};
}

void LineEditor::begin(std::string_view prompt) {
    prompt_ = prompt;
    length_ = cursor_ = recalled_ = typed_length_ = 0;
    line_[0] = '\0';
    mode_ = Mode::text;
    output_length_ = 0;
    print(prompt);
}

LineEditor::Event LineEditor::feed(char byte) {
    output_length_ = 0;
    switch (mode_) {
        case Mode::escape:
            // ESC [ and ESC O begin a sequence; ESC and another key mean nothing here.
            mode_ = byte == '[' || byte == 'O' ? Mode::bracket : Mode::text;
            parameter_ = 0;
            return Event::none;
        case Mode::bracket:
            if (byte >= '0' && byte <= '9') {
                parameter_ = (parameter_ * 10 + static_cast<unsigned>(byte - '0')) % 1000;
            } else if (byte == ';') {
                parameter_ = 0;
            } else if (byte >= 0x40 && byte <= 0x7e) {
                mode_ = Mode::text;
                escape_sequence(byte);
            }
            return Event::none;
        case Mode::text:
            break;
    }
    if (byte == escape) {
        mode_ = Mode::escape;
        return Event::none;
    }
    if (static_cast<unsigned char>(byte) < 0x20 || byte == rubout) return control(byte);
    insert(byte);
    return Event::none;
}

LineEditor::Event LineEditor::control(char byte) {
    switch (byte) {
        case '\r':
        case '\n':
            finish("\n");
            return Event::line;
        case control_key('C'):
            finish("^C\n");
            return Event::interrupted;
        case control_key('D'):
            if (length_ == 0) {
                finish("\n");
                return Event::end_of_input;
            }
            erase(cursor_, following(cursor_));
            break;
        case '\b':
        case rubout:
            erase(previous(cursor_), cursor_);
            break;
        case control_key('U'):
            erase(0, cursor_);
            break;
        case control_key('K'):
            erase(cursor_, length_);
            break;
        case control_key('W'):
            erase(word_start(), cursor_);
            break;
        case control_key('A'):
            move_to(0);
            break;
        case control_key('E'):
            move_to(length_);
            break;
        case control_key('B'):
            move_to(previous(cursor_));
            break;
        case control_key('F'):
            move_to(following(cursor_));
            break;
        case control_key('P'):
            older();
            break;
        case control_key('N'):
            newer();
            break;
        case control_key('L'):
            print("\x1b[H\x1b[2J");
            redraw();
            break;
        case '\t':
            insert(' ');
            break;
        default:
            bell();
            break;
    }
    return Event::none;
}

void LineEditor::escape_sequence(char final_byte) {
    switch (final_byte) {
        case 'A':
            older();
            break;
        case 'B':
            newer();
            break;
        case 'C':
            move_to(following(cursor_));
            break;
        case 'D':
            move_to(previous(cursor_));
            break;
        case 'H':
            move_to(0);
            break;
        case 'F':
            move_to(length_);
            break;
        case '~':  // ESC [ number ~
            if (parameter_ == 1 || parameter_ == 7) move_to(0);
            if (parameter_ == 4 || parameter_ == 8) move_to(length_);
            if (parameter_ == 3) erase(cursor_, following(cursor_));
            break;
        default:
            break;
    }
}

void LineEditor::insert(char byte) {
    if (length_ == max_line) {
        bell();
        return;
    }
    const bool at_end = cursor_ == length_;
    std::memmove(line_ + cursor_ + 1, line_ + cursor_, length_ - cursor_);
    line_[cursor_++] = byte;
    line_[++length_] = '\0';
    // At the end of a line with room, what is typed is what is shown.
    if (at_end && width(0, length_) <= room()) {
        print({&byte, 1});
    } else {
        redraw();
    }
}

void LineEditor::erase(unsigned from, unsigned to) {
    if (from == to) {
        bell();
        return;
    }
    std::memmove(line_ + from, line_ + to, length_ - to);
    length_ -= to - from;
    line_[length_] = '\0';
    cursor_ = from;
    redraw();
}

void LineEditor::move_to(unsigned position) {
    cursor_ = position;
    redraw();
}

void LineEditor::recall(std::string_view text) {
    std::memcpy(line_, text.data(), text.size());
    length_ = cursor_ = static_cast<unsigned>(text.size());
    line_[length_] = '\0';
    redraw();
}

void LineEditor::older() {
    if (recalled_ == history_.size()) {
        bell();
        return;
    }
    if (recalled_ == 0) {
        std::memcpy(typed_, line_, length_);
        typed_length_ = length_;
    }
    recall(history_.line(recalled_++));
}

void LineEditor::newer() {
    if (recalled_ == 0) {
        bell();
        return;
    }
    --recalled_;
    recall(recalled_ == 0 ? std::string_view{typed_, typed_length_} : history_.line(recalled_ - 1));
}

/// Columns of the row for the line: the cursor, or "^C", stands behind it.
unsigned LineEditor::room() const {
    return columns_ - static_cast<unsigned>(prompt_.size()) - 2;
}

/// Shows the part of the line around the cursor that fits beside the prompt.
void LineEditor::redraw() {
    unsigned from = 0;
    while (width(from, cursor_) > room()) from = following(from);
    unsigned to = from;
    for (unsigned shown = 0; to < length_ && shown < room(); ++shown) to = following(to);
    print("\r");
    print(prompt_);
    print({line_ + from, to - from});
    print("\x1b[K\r");
    const auto column = static_cast<unsigned>(prompt_.size()) + width(from, cursor_);
    if (column == 0) return;  // "forward by 0" would be taken as 1
    print("\x1b[");
    print_number(column);
    print("C");
}

/// Leaves the row of the line, whatever the cursor's place in it.
void LineEditor::finish(std::string_view text) {
    if (cursor_ != length_) move_to(length_);
    print(text);
}

void LineEditor::print(std::string_view text) {
    // A redraw is at most a line, a prompt and 16 bytes; one key causes two redraws at most.
    if (text.size() > sizeof(output_) - output_length_) return;
    std::memcpy(output_ + output_length_, text.data(), text.size());
    output_length_ += static_cast<unsigned>(text.size());
}

void LineEditor::print_number(unsigned number) {
    if (number >= 10) print_number(number / 10);
    const char digit = static_cast<char>('0' + number % 10);
    print({&digit, 1});
}

unsigned LineEditor::previous(unsigned position) const {
    if (position == 0) return 0;
    --position;
    while (position > 0 && continues_character(line_[position])) --position;
    return position;
}

unsigned LineEditor::following(unsigned position) const {
    if (position == length_) return length_;
    ++position;
    while (position < length_ && continues_character(line_[position])) ++position;
    return position;
}

unsigned LineEditor::word_start() const {
    unsigned position = cursor_;
    while (position > 0 && line_[position - 1] == ' ') --position;
    while (position > 0 && line_[position - 1] != ' ') --position;
    return position;
}

/// Columns that [from, to) takes.
unsigned LineEditor::width(unsigned from, unsigned to) const {
    unsigned columns = 0;
    for (unsigned i = from; i < to; ++i) columns += continues_character(line_[i]) ? 0 : 1;
    return columns;
}

}  // namespace sosh

// SPDX-License-Identifier: BSD-2-Clause
// The shell's keyboard: the console opened for reading as file 0. It has one reader at a time, so
// the shell lets go of it while a program runs in the foreground, and takes it back afterwards.
#pragma once

#include <string_view>

#include "line_editor.hpp"

namespace sosh {

class Console {
  public:
    explicit constexpr Console(History& history) : editor_(history) {}

    /// Opens the console for reading. False (with a message) if that cannot be.
    bool acquire();
    void release();

    /// Reads a line with editing. After Event::line, text() and line() are the line.
    LineEditor::Event read_line(std::string_view prompt);

    std::string_view line() const { return editor_.line(); }
    char* text() { return editor_.text(); }

  private:
    LineEditor editor_;
    int file_ = -1;
};

}  // namespace sosh

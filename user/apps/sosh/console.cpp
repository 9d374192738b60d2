// SPDX-License-Identifier: BSD-2-Clause
#include "console.hpp"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

namespace sosh {
namespace {

void write_all(std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = write(STDOUT_FILENO, text.data(), text.size());
        if (written <= 0) return;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
}

}  // namespace

bool Console::acquire() {
    if (file_ >= 0) return true;
    file_ = open("console", O_RDONLY | O_NONBLOCK);
    if (file_ < 0 && (errno == EAGAIN || errno == EBUSY)) {
        fprintf(stderr,
                "sosh: waiting for the console, which a program in the background reads; "
                "^C ends that program\n");
        // SOS may be set up to refuse a second reader instead of letting it wait.
        while ((file_ = open("console", O_RDONLY)) < 0 && errno == EBUSY) usleep(100'000);
    }
    if (file_ < 0) {
        fprintf(stderr, "sosh: cannot read the console: %s\n", strerror(errno));
        return false;
    }
    fcntl(file_, F_SETFL, 0);  // reading is to wait
    return true;
}

void Console::release() {
    if (file_ < 0) return;
    close(file_);
    file_ = -1;
}

LineEditor::Event Console::read_line(std::string_view prompt) {
    fflush(stdout);
    if (!acquire()) return LineEditor::Event::end_of_input;
    editor_.begin(prompt);
    write_all(editor_.output());
    for (;;) {
        char byte;
        const ssize_t got = read(file_, &byte, 1);
        if (got < 0) {
            fprintf(stderr, "\nsosh: cannot read the console: %s\n", strerror(errno));
            return LineEditor::Event::end_of_input;
        }
        if (got == 0) return LineEditor::Event::end_of_input;
        const LineEditor::Event event = editor_.feed(byte);
        write_all(editor_.output());
        if (event != LineEditor::Event::none) return event;
    }
}

}  // namespace sosh

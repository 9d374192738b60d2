// SPDX-License-Identifier: BSD-2-Clause
#include "root/log_sink.hpp"

#include <algorithm>

#include "log/log.hpp"
#include "sel4/syscalls.hpp"

namespace sos::root {

namespace {

constexpr char mark_begin = 0x1e;

constinit char mark[max_log_mark + 2] = {};  // begin, token, space
constinit std::size_t mark_length = 0;
constinit LineWriter line_writer = write_to_kernel;

}  // namespace

void write_to_kernel(std::string_view text) {
    for (char c : text) sel4::debug_put_char(c);
}

void set_log_mark(std::string_view token) {
    token = token.substr(0, max_log_mark);
    mark[0] = mark_begin;
    std::copy(token.begin(), token.end(), mark + 1);
    mark[token.size() + 1] = ' ';
    mark_length = token.size() + 2;
}

void set_line_writer(LineWriter writer) {
    line_writer = writer;
}

void write_log_line(std::string_view line) {
    char text[sizeof mark + log::max_line + 2];
    const std::string_view body = line.substr(0, std::min(line.size() - 1, log::max_line));
    char* end = std::copy_n(mark, mark_length, text);
    end = std::copy(body.begin(), body.end(), end);
    *end++ = '\r';
    *end++ = '\n';
    line_writer({text, static_cast<std::size_t>(end - text)});
}

}  // namespace sos::root

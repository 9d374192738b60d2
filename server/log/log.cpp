// SPDX-License-Identifier: BSD-2-Clause
#include "log/log.hpp"

#include "sel4/syscalls.hpp"

namespace sos::log {

namespace {

void write_to_kernel(std::string_view line) {
    for (char c : line) sel4::debug_put_char(c);
}

constinit Sink current_sink = write_to_kernel;
constinit std::uint32_t traced_areas = 0;

/// Collects a line and cuts it, visibly, at its bound.
class LineBuffer {
  public:
    void operator()(char c) {
        if (size_ < max_line - 1) text_[size_] = c;
        ++size_;
    }
    std::string_view finish() {
        if (size_ > max_line - 1) {
            size_ = max_line - 1;
            for (std::size_t i = 1; i <= 3; ++i) text_[size_ - i] = '.';
        }
        text_[size_] = '\n';
        return {text_, size_ + 1};
    }

  private:
    char text_[max_line];
    std::size_t size_ = 0;
};

}  // namespace

void set_sink(Sink sink) {
    current_sink = sink;
}

bool enable_trace(std::string_view area) {
    for (unsigned i = 0; i < static_cast<unsigned>(Area::count); ++i) {
        if (area_names[i] != area) continue;
        traced_areas |= 1u << i;
        return true;
    }
    return false;
}

bool trace_enabled(Area area) {
    return (traced_areas >> static_cast<unsigned>(area) & 1) != 0;
}

namespace detail {

void write_line(Area area, std::string_view level, std::string_view text,
                const base::FormatArgument* arguments, std::size_t count) {
    LineBuffer line;
    base::format_to(line, "{}: {}", area_names[static_cast<unsigned>(area)], level);
    base::format_to_list(line, text, arguments, count);
    current_sink(line.finish());
}

}  // namespace detail

}  // namespace sos::log

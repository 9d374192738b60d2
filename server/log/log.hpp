// SPDX-License-Identifier: BSD-2-Clause
// log::info<Area::vm>("page-in {} slot {}", at, slot): one line per event, area first.
// info, warn and error always print; trace prints when its area was named in the boot setting
// log=AREA,... Lines are built on the caller's stack (at most 255 characters; longer ones end
// in "...") and handed whole to one sink, so lines of different threads do not mix.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/format.hpp"

namespace sos::log {

enum class Area : unsigned {
    boot,
    res,
    vm,
    elf,
    proc,
    fs,
    net,
    timer,
    serial,
    console,
    syscall,
    sos,  // lines that the host's tools rely on: nothing else
    count
};

inline constexpr std::string_view area_names[] = {"boot",   "res",     "vm",      "elf",
                                                  "proc",   "fs",      "net",     "timer",
                                                  "serial", "console", "syscall", "sos"};
static_assert(sizeof(area_names) / sizeof(area_names[0]) == static_cast<unsigned>(Area::count));

/// Gets each whole line with its newline. Default: the kernel's debug output.
using Sink = void (*)(std::string_view line);
void set_sink(Sink sink);

/// Turns trace lines of an area on; false if there is no such area.
bool enable_trace(std::string_view area);
bool trace_enabled(Area area);

inline constexpr std::size_t max_line = 256;

namespace detail {
void write_line(Area area, std::string_view level, std::string_view text,
                const base::FormatArgument* arguments, std::size_t count);

template <Area area, typename... Arguments>
void line(std::string_view level, std::string_view text, const Arguments&... arguments) {
    const base::FormatArgument list[] = {base::FormatArgument(arguments)...,
                                         base::FormatArgument(0)};
    write_line(area, level, text, list, sizeof...(arguments));
}
}  // namespace detail

template <Area area, typename... Arguments>
void info(std::string_view text, const Arguments&... arguments) {
    detail::line<area>("", text, arguments...);
}

template <Area area, typename... Arguments>
void warn(std::string_view text, const Arguments&... arguments) {
    detail::line<area>("warning: ", text, arguments...);
}

template <Area area, typename... Arguments>
void error(std::string_view text, const Arguments&... arguments) {
    detail::line<area>("error: ", text, arguments...);
}

template <Area area, typename... Arguments>
void trace(std::string_view text, const Arguments&... arguments) {
    if (trace_enabled(area)) detail::line<area>("", text, arguments...);
}

}  // namespace sos::log

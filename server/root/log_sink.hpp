// SPDX-License-Identifier: BSD-2-Clause
// Where the server's own lines go: to the console's transmit queue, or to the kernel's debug output
// while there is no serial driver. With the boot setting log.mark=TOKEN each line begins with
// 0x1e TOKEN 0x20, so that a host can tell it from what programs print on the same line.
#pragma once

#include <cstddef>
#include <string_view>

namespace sos::root {

inline constexpr std::size_t max_log_mark = 32;

/// From now on lines are marked; the token is copied, and cut at max_log_mark.
void set_log_mark(std::string_view token);

/// The sink of log::set_sink. `line` ends with its newline.
void write_log_line(std::string_view line);

/// What gets each finished line, mark and CR LF included, and writes it without a gap. Default:
/// the kernel's debug output.
using LineWriter = void (*)(std::string_view text);
void set_line_writer(LineWriter writer);

void write_to_kernel(std::string_view text);

}  // namespace sos::root

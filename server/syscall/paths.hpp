// SPDX-License-Identifier: BSD-2-Clause
// Paths of programs: copied in, then made absolute and normal. The result lies in a buffer of the
// handler thread and lives until that is used again.
#pragma once

#include <string_view>

#include "error.hpp"
#include "proc/process.hpp"

namespace sos::syscall {

struct Path {
    std::string_view text;  // absolute, normalised
    bool directory;         // ended in a slash: only a directory will do
    bool console;           // names the console
};

/// The path at `address` in the program, in the first (or second) path buffer.
Result<Path> path_argument(proc::Process& process, std::uint64_t address);
Result<Path> second_path_argument(proc::Process& process, std::uint64_t address);

/// The same for text that is here already; it must not lie in the first path buffer.
Result<Path> resolve(proc::Process& process, std::string_view text);

}  // namespace sos::syscall

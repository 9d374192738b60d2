// SPDX-License-Identifier: BSD-2-Clause
// Paths of programs: copied in, then made absolute and normal.
#pragma once

#include <string_view>

#include "error.hpp"
#include "fs/path.hpp"
#include "proc/process.hpp"
#include "syscall/path_room.hpp"

namespace sos::syscall {

struct Path {
    std::string_view text;                             // absolute, normalised
    bool directory;                                    // ended in a slash: only a directory will do
    bool console;                                      // names the console
    fs::LastComponent last = fs::LastComponent::name;  // as the program wrote it
};

/// With the memory that its text is in.
struct PathArgument : Path {
    PathRoom room;
};

/// The path at `address` in the program.
Result<PathArgument> path_argument(proc::Process& process, std::uint64_t address);

/// What `text`, which is here already, means; in room.path().
Result<Path> resolve(proc::Process& process, std::string_view text, const PathRoom& room);

}  // namespace sos::syscall

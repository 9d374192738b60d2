// SPDX-License-Identifier: BSD-2-Clause
#include "syscall/paths.hpp"

#include <span>
#include <utility>

#include "console/console.hpp"
#include "fs/path.hpp"
#include "syscall/user_buffer.hpp"

namespace sos::syscall {

Result<Path> resolve(proc::Process& process, std::string_view text, const PathRoom& room) {
    const std::string_view path = TRY(fs::normalise_path(process.directory(), text, room.path()));
    // The device has the same name everywhere, as programs of all directories expect (seed 4.1).
    return Path{.text = path,
                .directory = fs::names_directory(text),
                .console = text == console::name || console::is_console(path),
                .last = fs::last_component(text)};
}

Result<PathArgument> path_argument(proc::Process& process, std::uint64_t address) {
    PathRoom room = TRY(PathRoom::take());
    const std::string_view text = TRY(copy_string(process, address, room.text()));
    const Path path = TRY(resolve(process, text, room));
    return PathArgument{path, std::move(room)};
}

}  // namespace sos::syscall

// SPDX-License-Identifier: BSD-2-Clause
#include "syscall/paths.hpp"

#include <span>

#include "console/console.hpp"
#include "fs/path.hpp"
#include "syscall/user_buffer.hpp"

namespace sos::syscall {

namespace {

Result<Path> resolve_into(proc::Process& process, std::string_view text, std::span<char> into) {
    Path path{};
    path.text = TRY(fs::normalise_path(process.directory(), text, into));
    path.directory = fs::names_directory(text);
    // The device has the same name everywhere, as programs of all directories expect (seed 4.1).
    path.console = text == console::name || console::is_console(path.text);
    return path;
}

}  // namespace

Result<Path> resolve(proc::Process& process, std::string_view text) {
    return resolve_into(process, text, process.parts().first_path);
}

Result<Path> path_argument(proc::Process& process, std::uint64_t address) {
    return resolve(process, TRY(copy_string(process, address, process.parts().text)));
}

Result<Path> second_path_argument(proc::Process& process, std::uint64_t address) {
    const std::string_view text = TRY(copy_string(process, address, process.parts().text));
    return resolve_into(process, text, process.parts().second_path);
}

}  // namespace sos::syscall

// SPDX-License-Identifier: BSD-2-Clause
#include "root/init_job.hpp"

#include "fs/path.hpp"

namespace sos::root {

namespace {

constexpr std::string_view directory = "/";
constexpr std::string_view run_option = "-c";

/// Everything that can be in the block: boot arguments are no longer than this.
constexpr std::size_t block_room = platform::BootSettings::max_boot_arguments + 16;

}  // namespace

Result<proc::JobPtr> make_init_job(const platform::BootSettings& settings) {
    static constinit char path[abi::max_path] = {};
    const std::string_view absolute =
        TRY(fs::normalise_path(directory, proc::first_word(settings.init), path));
    proc::JobPtr job = TRY(proc::make_job(absolute, directory, block_room));
    proc::SplitCommand command = TRY(proc::split_command(settings.init, job->block()));
    if (settings.exec) {
        command.size = TRY(proc::append_argument(run_option, job->block(), command.size));
        command.size = TRY(proc::append_argument(*settings.exec, job->block(), command.size));
        command.argc += 2;
    }
    job->argc = static_cast<std::uint32_t>(command.argc);
    job->block_size = static_cast<std::uint32_t>(command.size);
    return job;
}

}  // namespace sos::root

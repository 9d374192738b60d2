// SPDX-License-Identifier: BSD-2-Clause
// System calls on processes.
#include <algorithm>
#include <cstring>

#include "abi/sos_file.hpp"
#include "proc/create_job.hpp"
#include "syscall/calls.hpp"
#include "syscall/paths.hpp"
#include "syscall/services.hpp"
#include "syscall/user_buffer.hpp"

namespace sos::syscall {

namespace {

/// How many entries of the process list are fetched at a time (on this thread's stack).
constexpr std::size_t list_piece = 8;
constexpr std::uint64_t us_per_ms = 1000;

/// A job to run the program `name`, with room for an argument block of `block_size` bytes.
Result<proc::JobPtr> make_job(Process& process, std::string_view name, const PathRoom& room,
                              std::size_t block_size) {
    const Path path = TRY(resolve(process, name, room));
    if (path.console || path.directory) return std::unexpected(Error::access_denied);
    return proc::make_job(path.text, process.directory(), block_size);
}

UserReply create(Process& process, proc::JobPtr job) {
    const std::int64_t pid = TRY(process.pm().create(std::move(job)));
    return UserReply::success(static_cast<std::uint64_t>(pid));
}

/// Calls each(info) for the processes, until it says that it has enough.
template <typename Each>
Result<void> for_each_process(Process& process, Each&& each) {
    std::int64_t next = 0;
    while (next != -1) {
        abi::ProcessInfo infos[list_piece];
        const proc::ListPart part = TRY(process.pm().list(next, infos));
        for (std::size_t i = 0; i < part.count; ++i) {
            if (!TRY(each(infos[i]))) return {};
        }
        next = part.next_pid;
    }
    return {};
}

abi::SosProcess to_sos_process(const abi::ProcessInfo& info) {
    abi::SosProcess result{};
    result.pid = info.pid;
    result.size = info.resident_pages;
    result.stime = static_cast<std::uint32_t>(info.start_us / us_per_ms);
    std::memcpy(result.command, info.command, sizeof result.command);
    return result;
}

/// Writes what `convert` makes of each process that is `wanted` to the array at `address`.
template <typename Wanted, typename Convert>
UserReply write_list(Process& process, std::uint64_t address, std::uint64_t max, Wanted&& wanted,
                     Convert&& convert) {
    std::uint64_t count = 0;
    if (max == 0) return UserReply::success(0);
    const auto each = [&](const abi::ProcessInfo& info) -> Result<bool> {
        if (!wanted(info)) return true;
        const auto entry = convert(info);
        TRY(copy_out(process, entry, address + count * sizeof entry));
        return ++count < max;
    };
    TRY(for_each_process(process, each));
    return UserReply::success(count);
}

}  // namespace

namespace calls {

UserReply getpid(Process& process, const Arguments&) {
    return UserReply::success(process.id().slot);  // that of a living process
}

UserReply getppid(Process& process, const Arguments&) {
    return UserReply::success(static_cast<std::uint64_t>(TRY(process.pm().parent())));
}

UserReply exit(Process& process, const Arguments& in) {
    if (in[1] > abi::signals::last) return std::unexpected(Error::bad_argument);
    process.finish(in[1] == 0 ? abi::wait_status_exited(in[0]) : abi::wait_status_killed(in[1]));
    return UserReply::success();
}

/// A command line: what stands before the first space is the program, the rest its arguments.
UserReply execve(Process& process, const Arguments& in) {
    const PathRoom room = TRY(PathRoom::take());
    const std::string_view line = TRY(copy_string(process, in[0], room.text()));
    // Each word gets a NUL, and takes the place of itself and a space.
    proc::JobPtr job = TRY(make_job(process, proc::first_word(line), room, line.size() + 1));
    const proc::SplitCommand command = TRY(proc::split_command(line, job->block()));
    job->argc = static_cast<std::uint32_t>(command.argc);
    job->block_size = static_cast<std::uint32_t>(command.size);
    return create(process, std::move(job));
}

UserReply spawn(Process& process, const Arguments& in) {
    const PathRoom room = TRY(PathRoom::take());
    const std::string_view name = TRY(copy_string(process, in[0], room.text()));
    if (in[3] > abi::max_argument_strings || in[2] > abi::max_argument_block) {
        return std::unexpected(Error::argument_list_too_long);
    }
    proc::JobPtr job = TRY(make_job(process, name, room, in[2]));
    job->argc = static_cast<std::uint32_t>(in[3]);
    TRY(copy_in(process, in[1], std::as_writable_bytes(job->block())));
    TRY(elf::check_argument_block(job->block(), job->argc));
    return create(process, std::move(job));
}

UserReply kill(Process& process, const Arguments& in) {
    TRY(process.pm().kill(as_int(in[0])));
    return UserReply::success();
}

UserReply wait4(Process& process, const Arguments& in) {
    const auto ended =
        TRY(process.pm().wait(as_int(in[0]), proc::WaitScope::anyone, proc::Blocking::yes));
    return UserReply::success(static_cast<std::uint64_t>(ended.pid));
}

UserReply waitpid(Process& process, const Arguments& in) {
    constexpr std::uint64_t no_hang = 1;
    if ((in[1] & ~no_hang) != 0) return std::unexpected(Error::bad_argument);
    const auto blocking = (in[1] & no_hang) != 0 ? proc::Blocking::no : proc::Blocking::yes;
    const auto ended = process.pm().wait(as_int(in[0]), proc::WaitScope::children, blocking);
    // None yet: pid 0, which is nobody's child.
    if (!ended && ended.error() == Error::would_block) return UserReply::success(0, 0);
    if (!ended) return std::unexpected(ended.error());
    return UserReply::success(static_cast<std::uint64_t>(ended->pid),
                              static_cast<std::uint32_t>(ended->wait_status));
}

UserReply io_getevents(Process& process, const Arguments& in) {
    const auto alive = [](const abi::ProcessInfo& info) {
        return info.state != abi::ProcessState::zombie;
    };
    const std::uint64_t max = static_cast<std::uint32_t>(in[1]);
    return write_list(process, in[0], max, alive, to_sos_process);
}

UserReply process_list(Process& process, const Arguments& in) {
    const auto every = [](const abi::ProcessInfo&) { return true; };
    const auto as_it_is = [](const abi::ProcessInfo& info) { return info; };
    return write_list(process, in[0], in[1], every, as_it_is);
}

UserReply set_foreground(Process& process, const Arguments& in) {
    TRY(process.pm().set_foreground(as_int(in[0])));
    return UserReply::success();
}

UserReply resource_count(Process& process, const Arguments& in) {
    abi::ResourceCount counts{};
    services().count_resources(counts);
    TRY(copy_out(process, counts, in[0]));
    return UserReply::success();
}

UserReply paging_count(Process& process, const Arguments& in) {
    abi::PagingCount counts = vm::paging_report();
    services().count_server_memory(counts);
    TRY(copy_out(process, counts, in[0]));
    return UserReply::success();
}

/// Being answered puts a program in front of its equals: the kernel's own Yield, which programs may
/// call, is what gives up the processor. Here there is nothing more to do.
UserReply sched_yield(Process&, const Arguments&) {
    return UserReply::success();
}

}  // namespace calls

}  // namespace sos::syscall

// SPDX-License-Identifier: BSD-2-Clause
// System calls on names: directories, status by path, working directory.
#include <algorithm>
#include <cstring>
#include <limits>

#include "console/console.hpp"
#include "fs/client.hpp"
#include "fs/path.hpp"
#include "syscall/calls.hpp"
#include "syscall/path_room.hpp"
#include "syscall/paths.hpp"
#include "syscall/user_buffer.hpp"

namespace sos::syscall {

namespace {

constexpr std::uint32_t permission_bits = 07777;

/// Linux's dirent64, as File::read_directory writes it.
namespace entry {
constexpr std::size_t length_offset = 16;  // 16 bits: of the whole record
constexpr std::size_t name_offset = 19;
}  // namespace entry

std::size_t record_length(std::span<const char> records) {
    std::uint16_t length = 0;
    std::memcpy(&length, records.data() + entry::length_offset, sizeof length);
    return length;
}

Result<abi::FileStatus> status_of(Process& process, const Path& path, fs::FollowLinks follow) {
    if (path.console) return console::status();
    const abi::FileStatus status = TRY(process.file_client().status(path.text, follow));
    if (path.directory && status.type != abi::FileType::directory) {
        return std::unexpected(Error::not_directory);
    }
    return status;
}

/// A path that is to be made, renamed or removed: the console is none of these.
Result<PathArgument> changeable(Result<PathArgument> path) {
    if (path && path->console) return std::unexpected(Error::not_permitted);
    return path;
}

/// FM_* bits are one triple of the mode.
abi::SosStat to_sos_stat(const abi::FileStatus& status) {
    constexpr std::int64_t ns_per_ms = 1'000'000;
    constexpr std::uint64_t largest = std::numeric_limits<std::uint32_t>::max();
    const bool special = status.type == abi::FileType::special;
    return {.type = special ? 2 : 1,
            .fmode = static_cast<std::int32_t>(status.mode >> 6 & 7),
            .size = static_cast<std::uint32_t>(std::min(status.size, largest)),
            .padding = 0,
            .ctime_ms = status.ctime_ns / ns_per_ms,
            .atime_ms = status.atime_ns / ns_per_ms};
}

}  // namespace

namespace calls {

UserReply fstat(Process& process, const Arguments& in) {
    const PathArgument path = TRY(path_argument(process, in[0]));
    const abi::FileStatus status = TRY(status_of(process, path, fs::FollowLinks::yes));
    TRY(copy_out(process, to_sos_stat(status), in[1]));
    return UserReply::success();
}

UserReply stat_path(Process& process, const Arguments& in) {
    const PathArgument path = TRY(path_argument(process, in[0]));
    const auto follow = (in[2] & 1) != 0 ? fs::FollowLinks::no : fs::FollowLinks::yes;
    const abi::FileStatus status = TRY(status_of(process, path, follow));
    TRY(copy_out(process, status, in[1]));
    return UserReply::success();
}

/// One entry of the working directory, by number. The directory stays open while a program goes
/// through it: one open and one close for a listing.
UserReply getdents64(Process& process, const Arguments& in) {
    const auto position = static_cast<std::int64_t>(in[0]);
    if (position < 0 || in[2] == 0) return std::unexpected(Error::bad_argument);
    fs::FileRef& listing = process.listing();
    if (position == 0 || !listing) {
        constexpr std::uint64_t how = abi::open_flags::read_only | abi::open_flags::directory;
        listing = TRY(fs::open_file(process.file_client(), process.directory(), how, 0));
    }
    // Room for one record with the longest name, so that few are read in vain.
    constexpr std::size_t room = entry::name_offset + fs::max_name + 1 + 8;
    char record_place[room];
    const std::span<char> record(record_place);
    const Result<std::size_t> got = listing->read_directory(in[0], std::as_writable_bytes(record));
    if (!got || *got == 0) {
        listing = {};
        if (!got) return std::unexpected(got.error());
        return UserReply::success(0);
    }
    const std::span<char> name = record.subspan(entry::name_offset, fs::max_name + 1);
    const auto end = std::ranges::find(name, '\0');
    const auto full = static_cast<std::uint64_t>(end - name.begin());
    const std::size_t length = std::min(full, in[2] - 1);
    name[length] = '\0';
    TRY(copy_out(process, std::as_bytes(name.first(length + 1)), in[1]));
    return UserReply::success(length + 1);
}

UserReply getdents(Process& process, const Arguments& in) {
    fs::File* const file = TRY(process.files().get(in[0]));
    const PathRoom place = TRY(PathRoom::take());
    const std::span<char> all = place.text();
    const std::span<char> room = all.first(std::min<std::uint64_t>(all.size(), in[2]));
    if (!in_user_half(in[1], room.size())) return std::unexpected(Error::bad_address);
    const std::size_t bytes =
        TRY(file->read_directory(file->position(), std::as_writable_bytes(room)));
    TRY(copy_out(process, std::as_bytes(room.first(bytes)), in[1]));
    std::uint64_t entries = 0;
    for (std::size_t at = 0; at < bytes; at += record_length(room.subspan(at))) ++entries;
    file->set_position(file->position() + entries);
    return UserReply::success(bytes);
}

UserReply unlinkat(Process& process, const Arguments& in) {
    const PathArgument path = TRY(changeable(path_argument(process, in[0])));
    constexpr std::uint64_t remove_directory = 1;
    if ((in[1] & remove_directory) != 0) {
        if (path.last == fs::LastComponent::dot) return std::unexpected(Error::bad_argument);
        if (path.last == fs::LastComponent::dot_dot) return std::unexpected(Error::not_empty);
        TRY(process.file_client().remove_directory(path.text));
    } else if (path.directory) {
        TRY(status_of(process, path, fs::FollowLinks::no));
        return std::unexpected(Error::is_directory);
    } else {
        TRY(process.file_client().unlink(path.text));
    }
    return UserReply::success();
}

UserReply mkdirat(Process& process, const Arguments& in) {
    const PathArgument path = TRY(changeable(path_argument(process, in[0])));
    if (path.last != fs::LastComponent::name || path.text == "/") {
        TRY(status_of(process, path, fs::FollowLinks::yes));
        return std::unexpected(Error::exists);
    }
    TRY(process.file_client().make_directory(path.text,
                                             static_cast<std::uint32_t>(in[1]) & permission_bits));
    return UserReply::success();
}

UserReply renameat(Process& process, const Arguments& in) {
    const PathArgument from = TRY(changeable(path_argument(process, in[0])));
    const PathArgument to = TRY(changeable(path_argument(process, in[1])));
    if (from.last != fs::LastComponent::name || to.last != fs::LastComponent::name) {
        return std::unexpected(Error::bad_argument);
    }
    if (from.directory || to.directory) {
        const abi::FileStatus status = TRY(status_of(process, from, fs::FollowLinks::no));
        // Only a directory can get a name that ends in a slash.
        if (status.type != abi::FileType::directory) return std::unexpected(Error::not_directory);
    }
    TRY(process.file_client().rename(from.text, to.text));
    return UserReply::success();
}

UserReply fchmodat(Process& process, const Arguments& in) {
    const PathArgument path = TRY(changeable(path_argument(process, in[0])));
    TRY(process.file_client().change_mode(path.text,
                                          static_cast<std::uint32_t>(in[1]) & permission_bits));
    return UserReply::success();
}

UserReply readlinkat(Process& process, const Arguments& in) {
    const PathArgument path = TRY(path_argument(process, in[0]));
    if (path.console || path.directory) return std::unexpected(Error::bad_argument);
    const std::span<char> all = path.room.text();
    const std::span<char> room = all.first(std::min<std::uint64_t>(all.size(), in[2]));
    const std::size_t length = TRY(process.file_client().read_link(path.text, room));
    TRY(copy_out(process, std::as_bytes(room.first(length)), in[1]));
    return UserReply::success(length);
}

UserReply faccessat(Process& process, const Arguments& in) {
    constexpr std::uint64_t execute = 1, all_bits = 7;
    if ((in[1] & ~all_bits) != 0) return std::unexpected(Error::bad_argument);
    const PathArgument path = TRY(path_argument(process, in[0]));
    if (path.console) {
        if ((in[1] & execute) != 0) return std::unexpected(Error::access_denied);
        return UserReply::success();
    }
    if (path.directory) TRY(status_of(process, path, fs::FollowLinks::yes));
    TRY(process.file_client().access(path.text, static_cast<std::uint32_t>(in[1])));
    return UserReply::success();
}

UserReply chdir(Process& process, const Arguments& in) {
    const PathArgument path = TRY(path_argument(process, in[0]));
    const abi::FileStatus status = TRY(status_of(process, path, fs::FollowLinks::yes));
    if (status.type != abi::FileType::directory) return std::unexpected(Error::not_directory);
    TRY(process.set_directory(path.text));
    process.listing() = {};
    return UserReply::success();
}

UserReply getcwd(Process& process, const Arguments& in) {
    const std::string_view directory = process.directory();
    const std::span<const char> with_nul(directory.data(), directory.size() + 1);
    if (in[1] < with_nul.size()) {
        return std::unexpected(in[1] == 0 ? Error::bad_argument : Error::out_of_range);
    }
    TRY(copy_out(process, std::as_bytes(with_nul), in[0]));
    return UserReply::success(with_nul.size());
}

}  // namespace calls

}  // namespace sos::syscall

// SPDX-License-Identifier: BSD-2-Clause
// System calls on open files.
#include "console/console.hpp"
#include "fs/client.hpp"
#include "syscall/calls.hpp"
#include "syscall/console_write.hpp"
#include "syscall/descriptors.hpp"
#include "syscall/paths.hpp"
#include "syscall/user_buffer.hpp"

namespace sos::syscall {

namespace {

namespace flags = abi::open_flags;

/// Bits that mean nothing on any system that programs come from: a mistake, not a wish.
constexpr std::uint64_t refused_flags = 0x3c;
constexpr std::uint64_t max_offset = ~std::uint64_t{0} >> 1;

enum class Whence : std::uint64_t { set = 0, current = 1, end = 2 };

namespace fcntl_command {
constexpr std::int64_t dup = 0, get_fd = 1, set_fd = 2, get_flags = 3, set_flags = 4,
                       dup_close_on_exec = 1030;
}
constexpr std::uint64_t fd_close_on_exec = 1;

Result<fs::FileRef> open_console(Process& process, std::uint64_t open_flags) {
    if ((open_flags & flags::directory) != 0) return std::unexpected(Error::not_directory);
    constexpr std::uint64_t must_be_new = flags::create | flags::exclusive;
    if ((open_flags & must_be_new) == must_be_new) return std::unexpected(Error::exists);
    return console::open(process, TRY(fs::OpenMode::from_flags(open_flags)));
}

/// The console opened for reading is descriptor 0 when that is free.
Result<std::uint32_t> place(Process& process, fs::FileRef file) {
    if (file->terminal() && file->mode().readable && !process.files().open(0)) {
        TRY(process.files().insert_at(0, std::move(file)));
        return 0u;
    }
    return process.files().insert(std::move(file));
}

}  // namespace

namespace calls {

UserReply openat(Process& process, const Arguments& in) {
    std::uint64_t open_flags = in[1];
    if ((open_flags & refused_flags) != 0) return std::unexpected(Error::bad_argument);
    TRY(fs::OpenMode::from_flags(open_flags));
    const PathArgument path = TRY(path_argument(process, in[0]));
    if (path.directory) open_flags |= flags::directory;
    constexpr std::uint32_t permission_bits = 07777;
    fs::FileRef file =
        path.console ? TRY(open_console(process, open_flags))
                     : TRY(fs::open_file(process.file_client(), path.text, open_flags,
                                         static_cast<std::uint32_t>(in[2]) & permission_bits));
    const std::uint32_t fd = TRY(place(process, std::move(file)));
    if ((open_flags & flags::close_on_exec) != 0) {
        TRY(process.files().set_close_on_exec(fd, true));
    }
    return UserReply::success(fd);
}

UserReply close(Process& process, const Arguments& in) {
    fs::FileRef file = TRY(process.files().remove(in[0]));
    TRY(file.close());
    return UserReply::success();
}

UserReply read(Process& process, const Arguments& in) {
    fs::File* const file = TRY(readable(process, in[0]));
    bool ended = false;
    const auto move = [&](std::span<const fs::IoBuffer> into) -> Result<std::size_t> {
        if (ended) {
            fs::release_pins(into);
            return std::size_t{0};
        }
        const Result<std::size_t> bytes = file->read_next(into);
        ended = file->read_ended();
        return bytes;
    };
    return UserReply::success(TRY(transfer(process, in[1], in[2], vm::Access::write, move)));
}

UserReply write(Process& process, const Arguments& in) {
    fs::File* const file = TRY(writable(process, in[0]));
    if (file->terminal())
        return UserReply::success(TRY(write_to_console(process, *file, in[1], in[2])));
    TRY(file->take_error());
    std::optional<Error> late;
    const Result<std::size_t> bytes = transfer(
        process, in[1], in[2], vm::Access::read,
        [&](std::span<const fs::IoBuffer> from) { return file->write_next(from); }, &late);
    if (late) file->keep_error(*late);
    return UserReply::success(TRY(bytes));
}

UserReply pread(Process& process, const Arguments& in) {
    fs::File* const file = TRY(readable(process, in[0]));
    if (!file->seekable()) return std::unexpected(Error::not_seekable);
    std::uint64_t offset = in[3];
    if (offset > max_offset) return std::unexpected(Error::bad_argument);
    const auto move = [&](std::span<const fs::IoBuffer> into) -> Result<std::size_t> {
        const std::size_t bytes = TRY(file->read(offset, into));
        offset += bytes;
        return bytes;
    };
    return UserReply::success(TRY(transfer(process, in[1], in[2], vm::Access::write, move)));
}

UserReply pwrite(Process& process, const Arguments& in) {
    fs::File* const file = TRY(writable(process, in[0]));
    if (!file->seekable()) return std::unexpected(Error::not_seekable);
    std::uint64_t offset = in[3];
    if (offset > max_offset) return std::unexpected(Error::bad_argument);
    const auto move = [&](std::span<const fs::IoBuffer> from) -> Result<std::size_t> {
        const std::size_t bytes = TRY(file->write(offset, from));
        offset += bytes;
        return bytes;
    };
    TRY(file->take_error());
    std::optional<Error> late;
    const Result<std::size_t> bytes =
        transfer(process, in[1], in[2], vm::Access::read, move, &late);
    if (late) file->keep_error(*late);
    return UserReply::success(TRY(bytes));
}

UserReply console_out(Process& process, const Arguments& in) {
    // Works also for a program that has closed its descriptors.
    const fs::FileRef file = TRY(console::open(process, {.readable = false, .writable = true}));
    return UserReply::success(TRY(write_to_console(process, *file, in[0], in[1])));
}

UserReply lseek(Process& process, const Arguments& in) {
    fs::File* const file = TRY(process.files().get(in[0]));
    if (!file->seekable()) return std::unexpected(Error::not_seekable);
    std::uint64_t from = 0;
    switch (static_cast<Whence>(in[2])) {
        case Whence::set:
            break;
        case Whence::current:
            from = file->position();
            break;
        case Whence::end:
            from = TRY(file->status()).size;
            break;
        default:
            return std::unexpected(Error::bad_argument);
    }
    std::int64_t position = 0;
    if (__builtin_add_overflow(static_cast<std::int64_t>(from), static_cast<std::int64_t>(in[1]),
                               &position)) {
        return std::unexpected(Error::overflow);
    }
    if (position < 0) return std::unexpected(Error::bad_argument);
    file->set_position(static_cast<std::uint64_t>(position));
    return UserReply::success(file->position());
}

UserReply fstat_fd(Process& process, const Arguments& in) {
    fs::File* const file = TRY(process.files().get(in[0]));
    const abi::FileStatus status = TRY(file->status());
    TRY(copy_out(process, status, in[1]));
    return UserReply::success();
}

UserReply ftruncate(Process& process, const Arguments& in) {
    fs::File* const file = TRY(process.files().get(in[0]));
    if (!file->mode().writable || in[1] > max_offset) return std::unexpected(Error::bad_argument);
    TRY(file->truncate(in[1]));
    return UserReply::success();
}

UserReply fsync(Process& process, const Arguments& in) {
    fs::File* const file = TRY(process.files().get(in[0]));
    const Result<void> kept = file->take_error();
    TRY(file->sync());
    TRY(kept);
    return UserReply::success();
}

UserReply dup(Process& process, const Arguments& in) {
    return fcntl(process, {in[0], static_cast<std::uint64_t>(fcntl_command::dup), 0});
}

UserReply dup3(Process& process, const Arguments& in) {
    if ((in[2] & ~flags::close_on_exec) != 0 || in[0] == in[1]) {
        return std::unexpected(Error::bad_argument);
    }
    if (in[1] >= fs::FdTable::capacity) return std::unexpected(Error::bad_descriptor);
    const auto fd = static_cast<std::uint32_t>(in[1]);
    fs::File* const file = TRY(process.files().get(in[0]));
    file->reference();
    TRY(process.files().insert_at(fd, fs::FileRef(file)));
    TRY(process.files().set_close_on_exec(fd, (in[2] & flags::close_on_exec) != 0));
    return UserReply::success(fd);
}

UserReply fcntl(Process& process, const Arguments& in) {
    fs::FdTable& files = process.files();
    fs::File* const file = TRY(files.get(in[0]));
    switch (as_int(in[1])) {
        case fcntl_command::dup:
        case fcntl_command::dup_close_on_exec: {
            if (in[2] >= fs::FdTable::capacity) return std::unexpected(Error::bad_argument);
            file->reference();
            const std::uint32_t fd =
                TRY(files.insert(fs::FileRef(file), static_cast<std::uint32_t>(in[2])));
            TRY(files.set_close_on_exec(fd, as_int(in[1]) == fcntl_command::dup_close_on_exec));
            return UserReply::success(fd);
        }
        case fcntl_command::get_fd:
            return UserReply::success(TRY(files.close_on_exec(in[0])) ? fd_close_on_exec : 0);
        case fcntl_command::set_fd:
            TRY(files.set_close_on_exec(in[0], (in[2] & fd_close_on_exec) != 0));
            return UserReply::success(0);
        case fcntl_command::get_flags: {
            const fs::OpenMode mode = file->mode();
            std::uint64_t word = mode.append ? flags::append : 0;
            if (mode.non_blocking) word |= flags::non_block;
            if (mode.writable) word |= mode.readable ? flags::read_write : flags::write_only;
            return UserReply::success(word);
        }
        case fcntl_command::set_flags: {
            // Whether it appends stays as it was opened.
            const bool append = (in[2] & flags::append) != 0;
            if (append != file->mode().append) return std::unexpected(Error::not_supported);
            file->set_non_blocking((in[2] & flags::non_block) != 0);
            return UserReply::success(0);
        }
        default:
            return std::unexpected(Error::bad_argument);
    }
}

}  // namespace calls

}  // namespace sos::syscall

// SPDX-License-Identifier: BSD-2-Clause
// libc's calls about files and folders, except moving data.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>

#include "call.hpp"
#include "vsyscall.hpp"

using abi::SosSyscall;

namespace sosapi {
namespace {

unsigned creation_mask = 022;

const char* text(long address) {
    return reinterpret_cast<const char*>(address);
}

/// Paths below an open folder do not exist on SOS: the folder must be the current one, or the
/// path absolute.
bool starts_here(long folder, long path) {
    if (static_cast<int>(folder) == AT_FDCWD) return true;
    return path != 0 && text(path)[0] == '/';
}

void to_stat(const abi::FileStatus& from, struct stat* to) {
    constexpr std::int64_t second = 1'000'000'000;
    const auto time = [](std::int64_t ns) {
        const std::int64_t rest = ns % second;
        const bool before_1970 = rest < 0;
        return timespec{ns / second - (before_1970 ? 1 : 0), rest + (before_1970 ? second : 0)};
    };
    *to = {};
    to->st_dev = 1;
    to->st_ino = from.file_id;
    to->st_mode = from.mode;
    to->st_nlink = from.links;
    to->st_uid = from.uid;
    to->st_gid = from.gid;
    to->st_rdev = from.type == abi::FileType::special ? 1 : 0;
    to->st_size = static_cast<off_t>(from.size);
    to->st_blksize = static_cast<blksize_t>(from.block_size);
    to->st_blocks = static_cast<blkcnt_t>((from.used + 511) / 512);
    to->st_atim = time(from.atime_ns);
    to->st_mtim = time(from.mtime_ns);
    to->st_ctim = time(from.ctime_ns);
}

}  // namespace

long linux_openat(long folder, long path, long flags, long mode, long, long) {
    if (!starts_here(folder, path)) return -ENOSYS;
    std::uint64_t wire = static_cast<unsigned>(flags);
    std::uint64_t wanted = static_cast<unsigned>(mode) & ~creation_mask & 07777u;
    if (__sos_open_creates && (wire & O_DIRECTORY) == 0) {
        if ((wire & O_CREAT) == 0) wanted = 0600;
        wire |= abi::open_flags::sos_create;
    }
    return result_of(call<SosSyscall::openat>(text(path), wire, wanted));
}

long linux_close(long file, long, long, long, long, long) {
    return result_of(call<SosSyscall::close>(static_cast<int>(file)));
}

long linux_lseek(long file, long offset, long whence, long, long, long) {
    return result_of(
        call<SosSyscall::lseek>(static_cast<int>(file), offset, static_cast<int>(whence)));
}

long linux_fstat(long file, long status, long, long, long, long) {
    abi::FileStatus got;
    const Reply reply = call<SosSyscall::fstat_fd>(static_cast<int>(file), &got);
    if (reply.error != 0) return -reply.error;
    to_stat(got, reinterpret_cast<struct stat*>(status));
    return 0;
}

long linux_newfstatat(long folder, long path, long status, long flags, long, long) {
    if ((flags & AT_EMPTY_PATH) != 0 && path != 0 && *text(path) == '\0') {
        return linux_fstat(folder, status, 0, 0, 0, 0);
    }
    if (!starts_here(folder, path)) return -ENOSYS;
    abi::FileStatus got;
    const unsigned wire = (flags & AT_SYMLINK_NOFOLLOW) != 0 ? 1 : 0;
    const Reply reply = call<SosSyscall::stat_path>(text(path), &got, wire);
    if (reply.error != 0) return -reply.error;
    to_stat(got, reinterpret_cast<struct stat*>(status));
    return 0;
}

long linux_getdents64(long file, long entries, long size, long, long, long) {
    return result_of(call<SosSyscall::getdents>(static_cast<int>(file), entries, size));
}

long linux_unlinkat(long folder, long path, long flags, long, long, long) {
    if (!starts_here(folder, path)) return -ENOSYS;
    const unsigned wire = (flags & AT_REMOVEDIR) != 0 ? 1 : 0;
    return result_of(call<SosSyscall::unlinkat>(text(path), wire));
}

long linux_ftruncate(long file, long length, long, long, long, long) {
    return result_of(call<SosSyscall::ftruncate>(static_cast<int>(file), length));
}

long linux_truncate(long path, long length, long, long, long, long) {
    const long file = result_of(call<SosSyscall::openat>(text(path), O_WRONLY, 0));
    if (file < 0) return file;
    const long result = linux_ftruncate(file, length, 0, 0, 0, 0);
    const long closed = linux_close(file, 0, 0, 0, 0, 0);
    return result < 0 ? result : closed;
}

long linux_mkdirat(long folder, long path, long mode, long, long, long) {
    if (!starts_here(folder, path)) return -ENOSYS;
    const unsigned wanted = static_cast<unsigned>(mode) & ~creation_mask & 07777u;
    return result_of(call<SosSyscall::mkdirat>(text(path), wanted));
}

long linux_renameat(long old_folder, long old_path, long new_folder, long new_path, long, long) {
    if (!starts_here(old_folder, old_path) || !starts_here(new_folder, new_path)) return -ENOSYS;
    return result_of(call<SosSyscall::renameat>(text(old_path), text(new_path)));
}

long linux_renameat2(long old_folder, long old_path, long new_folder, long new_path, long flags,
                     long) {
    if (flags != 0) return -EINVAL;
    return linux_renameat(old_folder, old_path, new_folder, new_path, 0, 0);
}

long linux_readlinkat(long folder, long path, long buffer, long size, long, long) {
    if (!starts_here(folder, path)) return -ENOSYS;
    return result_of(call<SosSyscall::readlinkat>(text(path), buffer, size));
}

long linux_faccessat(long folder, long path, long mode, long, long, long) {
    if (!starts_here(folder, path)) return -ENOSYS;
    return result_of(call<SosSyscall::faccessat>(text(path), static_cast<int>(mode)));
}

long linux_faccessat2(long folder, long path, long mode, long, long, long) {
    // Real and effective users do not differ, and links are followed in any case.
    return linux_faccessat(folder, path, mode, 0, 0, 0);
}

long linux_fchmodat(long folder, long path, long mode, long, long, long) {
    if (!starts_here(folder, path)) return -ENOSYS;
    return result_of(call<SosSyscall::fchmodat>(text(path), static_cast<unsigned>(mode) & 07777u));
}

long linux_fcntl(long file, long command, long argument, long, long, long) {
    return result_of(
        call<SosSyscall::fcntl>(static_cast<int>(file), static_cast<int>(command), argument));
}

long linux_dup(long file, long, long, long, long, long) {
    return result_of(call<SosSyscall::dup>(static_cast<int>(file)));
}

long linux_dup3(long from, long to, long flags, long, long, long) {
    return result_of(call<SosSyscall::dup3>(static_cast<int>(from), static_cast<int>(to),
                                            static_cast<int>(flags)));
}

long linux_fsync(long file, long, long, long, long, long) {
    return result_of(call<SosSyscall::fsync>(static_cast<int>(file)));
}

/// Only the size of the console's window can be asked for, which is how libc finds out what is a
/// terminal. The serial line does not know its window: 0 means unknown.
long linux_ioctl(long file, long request, long argument, long, long, long) {
    abi::FileStatus status;
    const Reply reply = call<SosSyscall::fstat_fd>(static_cast<int>(file), &status);
    if (reply.error != 0) return -reply.error;
    if (status.type != abi::FileType::special || static_cast<int>(request) != TIOCGWINSZ) {
        return -ENOTTY;
    }
    *reinterpret_cast<winsize*>(argument) = {};
    return 0;
}

long linux_chdir(long path, long, long, long, long, long) {
    return result_of(call<SosSyscall::chdir>(text(path)));
}

long linux_getcwd(long buffer, long size, long, long, long, long) {
    return result_of(call<SosSyscall::getcwd>(buffer, size));
}

long linux_umask(long mask, long, long, long, long, long) {
    const unsigned old = creation_mask;
    creation_mask = static_cast<unsigned>(mask) & 0777u;
    return static_cast<long>(old);
}

}  // namespace sosapi

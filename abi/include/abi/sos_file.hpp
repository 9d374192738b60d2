// SPDX-License-Identifier: BSD-2-Clause
// Files and processes as they cross the SOS system call boundary: flags, layouts, errno values.
// The values are those of Linux AArch64 (and so of musl), which libc passes on unchanged.
#pragma once

#include <cstddef>
#include <cstdint>

namespace abi {

namespace open_flags {
inline constexpr std::uint64_t access_mask = 3;
inline constexpr std::uint64_t read_only = 0;
inline constexpr std::uint64_t write_only = 1;
inline constexpr std::uint64_t read_write = 2;
inline constexpr std::uint64_t create = 0100;
inline constexpr std::uint64_t exclusive = 0200;
inline constexpr std::uint64_t no_ctty = 0400;
inline constexpr std::uint64_t truncate = 01000;
inline constexpr std::uint64_t append = 02000;
inline constexpr std::uint64_t non_block = 04000;
inline constexpr std::uint64_t dsync = 010000;
inline constexpr std::uint64_t directory = 040000;
inline constexpr std::uint64_t no_follow = 0100000;
inline constexpr std::uint64_t large_file = 0400000;
inline constexpr std::uint64_t close_on_exec = 02000000;
inline constexpr std::uint64_t sync = 04010000;
/// SOS: a missing file is created (rw for the owner) whatever the access mode (sos_* calls).
inline constexpr std::uint64_t sos_create = 1ull << 32;
}  // namespace open_flags

enum class FileType : std::uint32_t { regular = 1, special = 2, directory = 3, symlink = 4 };

/// What fstat_fd and stat_path fill in.
struct FileStatus {
    std::uint64_t file_id;
    std::uint64_t size;     // bytes
    std::uint64_t used;     // bytes on disk
    std::int64_t atime_ns;  // nanoseconds since 1970
    std::int64_t mtime_ns;
    std::int64_t ctime_ns;
    std::uint32_t mode;  // POSIX, with the type bits
    std::uint32_t links;
    std::uint32_t uid;
    std::uint32_t gid;
    FileType type;
    std::uint32_t block_size;  // preferred transfer size, bytes
};
static_assert(sizeof(FileStatus) == 72);

/// sos_stat_t (the SOS programming interface).
struct SosStat {
    std::int32_t type;   // 1 file, 2 special
    std::int32_t fmode;  // FM_EXEC 1, FM_WRITE 2, FM_READ 4
    std::uint32_t size;  // saturates
    std::uint32_t padding;
    std::int64_t ctime_ms;
    std::int64_t atime_ms;
};
static_assert(sizeof(SosStat) == 32 && offsetof(SosStat, ctime_ms) == 16);

/// sos_process_t.
struct SosProcess {
    std::int32_t pid;
    std::uint32_t size;   // resident pages
    std::uint32_t stime;  // start time, ms since boot
    char command[32];
};
static_assert(sizeof(SosProcess) == 44);

enum class ProcessState : std::uint32_t { free, creating, running, dying, zombie };

struct ProcessInfo {
    std::int32_t pid;
    std::int32_t parent;  // -1: none
    ProcessState state;
    std::uint32_t resident_pages;
    std::uint32_t paged_out_pages;
    std::uint32_t page_table_pages;
    std::uint64_t start_us;     // since boot
    std::uint64_t cpu_time_us;  // of the program, not of SOS on its behalf
    char command[32];
};
static_assert(sizeof(ProcessInfo) == 72);

/// What is in use in the whole system; equal before and after any process's life.
struct ResourceCount {
    std::uint64_t frames;
    std::uint64_t slots;
    std::uint64_t untyped_bytes;
    std::uint64_t page_file_slots;
    std::uint64_t reply_objects;
    std::uint64_t handler_threads;
    std::uint64_t open_files;
    std::uint64_t file_requests;
    std::uint64_t timeouts;
    std::uint64_t processes;
    friend constexpr bool operator==(const ResourceCount&, const ResourceCount&) = default;
};

/// What paging has done since boot, and what it works with; in pages.
struct PagingCount {
    std::uint64_t page_frames;       // that programs may have (frames=N)
    std::uint64_t page_frames_free;  // at the moment
    std::uint64_t page_file_slots;   // that may be in use
    std::uint64_t page_file_used;
    std::uint64_t zero_fills;      // first touches
    std::uint64_t soft_faults;     // touches of pages that were resident, but not mapped
    std::uint64_t page_ins;        // from the page file
    std::uint64_t page_outs;       // to it
    std::uint64_t clean_drops;     // evicted without being written
    std::uint64_t elf_reads;       // from executables
    std::uint64_t second_chances;  // unmapped, to see whether they are still used
    std::uint64_t waits;           // of handlers, for a page or for room
    std::uint64_t shared_pages;    // at the moment (sos_share_vm)
    // What SOS has for itself, beside the frames and their table; of it, the cache of files.
    std::uint64_t server_pages;
    std::uint64_t server_pages_most;   // that it ever was
    std::uint64_t server_pages_limit;  // that it may have
    std::uint64_t file_cache_pages;
    std::uint64_t file_cache_frames;  // that it has beside these, as long as no program needs them
};
static_assert(sizeof(PagingCount) == 144);

// The argument block of `spawn`: strings, each with its NUL, one after the other and nothing else:
// first the argc strings of argv (argv[0] too), then any number of environment strings. Its last
// byte is a NUL (or it is empty, with argc 0). More than these limits: E2BIG; fewer strings than
// argc, or a last string without NUL: EINVAL.
inline constexpr std::uint64_t max_argument_block = 32768;   // bytes
inline constexpr std::uint64_t max_argument_strings = 1024;  // argv and environment together

// Wait status words (as Linux encodes them) that waitpid gives.
constexpr std::uint64_t wait_status_exited(std::uint64_t code) {
    return (code & 0xff) << 8;
}
constexpr std::uint64_t wait_status_killed(std::uint64_t signal) {
    return signal & 0x7f;
}
namespace signals {
inline constexpr std::uint64_t interrupt = 2, illegal = 4, abort = 6, bus = 7, kill = 9, segv = 11,
                               last = 64;
}

/// Errno values (Linux AArch64).
enum class Errno : std::int32_t {
    eperm = 1,
    enoent = 2,
    esrch = 3,
    eintr = 4,
    eio = 5,
    enxio = 6,
    e2big = 7,
    enoexec = 8,
    ebadf = 9,
    echild = 10,
    eagain = 11,
    enomem = 12,
    eacces = 13,
    efault = 14,
    ebusy = 16,
    eexist = 17,
    exdev = 18,
    enodev = 19,
    enotdir = 20,
    eisdir = 21,
    einval = 22,
    enfile = 23,
    emfile = 24,
    enotty = 25,
    efbig = 27,
    enospc = 28,
    espipe = 29,
    erofs = 30,
    emlink = 31,
    erange = 34,
    enametoolong = 36,
    enosys = 38,
    enotempty = 39,
    eloop = 40,
    eproto = 71,
    eoverflow = 75,
    eopnotsupp = 95,
    etimedout = 110,
    estale = 116,
    edquot = 122,
    ecanceled = 125,
};

// Positions of a program's auxiliary vector beyond the usual ones.
inline constexpr std::uint64_t auxv_ipc_buffer = 0x1000;   // address of the IPC buffer
inline constexpr std::uint64_t auxv_clock_ticks = 0x1001;  // CNTPCT when SOS's clock began
inline constexpr std::uint64_t auxv_clock_date = 0x1002;   // microseconds from 1970 to that moment

/// Where SOS's clock began, in both ways of counting. Programs get it to tell the time themselves.
struct ClockOrigin {
    std::uint64_t ticks = 0;    // of the processor's physical counter
    std::uint64_t date_us = 0;  // since 1970; 0 without a clock of the day
};

}  // namespace abi

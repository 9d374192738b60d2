// SPDX-License-Identifier: BSD-2-Clause
// libc's system calls on SOS. musl issues Linux AArch64 numbers; each handler here gives one of
// them Linux's meaning with SOS's calls, and returns a result or a negative errno. What has no
// handler answers -ENOSYS. Handlers are grouped by file: files, memory, processes, time.
#pragma once

#include <cstdint>

namespace sosapi {

using Handler = long (*)(long, long, long, long, long, long);

struct Entry {
    unsigned number;
    Handler handler;
};

/// Linux numbers that libc or programs use are all below.
inline constexpr unsigned linux_numbers = 512;

// Files (linux_files.cpp, linux_transfer.cpp)
long linux_openat(long, long, long, long, long, long);
long linux_close(long, long, long, long, long, long);
long linux_read(long, long, long, long, long, long);
long linux_write(long, long, long, long, long, long);
long linux_readv(long, long, long, long, long, long);
long linux_writev(long, long, long, long, long, long);
long linux_pread64(long, long, long, long, long, long);
long linux_pwrite64(long, long, long, long, long, long);
long linux_preadv(long, long, long, long, long, long);
long linux_pwritev(long, long, long, long, long, long);
long linux_lseek(long, long, long, long, long, long);
long linux_fstat(long, long, long, long, long, long);
long linux_newfstatat(long, long, long, long, long, long);
long linux_getdents64(long, long, long, long, long, long);
long linux_unlinkat(long, long, long, long, long, long);
long linux_ftruncate(long, long, long, long, long, long);
long linux_truncate(long, long, long, long, long, long);
long linux_mkdirat(long, long, long, long, long, long);
long linux_renameat(long, long, long, long, long, long);
long linux_renameat2(long, long, long, long, long, long);
long linux_readlinkat(long, long, long, long, long, long);
long linux_faccessat(long, long, long, long, long, long);
long linux_faccessat2(long, long, long, long, long, long);
long linux_fchmodat(long, long, long, long, long, long);
long linux_fcntl(long, long, long, long, long, long);
long linux_dup(long, long, long, long, long, long);
long linux_dup3(long, long, long, long, long, long);
long linux_fsync(long, long, long, long, long, long);
long linux_ioctl(long, long, long, long, long, long);
long linux_chdir(long, long, long, long, long, long);
long linux_getcwd(long, long, long, long, long, long);
long linux_umask(long, long, long, long, long, long);
long linux_not_supported(long, long, long, long, long, long);
long linux_success(long, long, long, long, long, long);

// Memory (linux_memory.cpp)
long linux_mmap(long, long, long, long, long, long);
long linux_munmap(long, long, long, long, long, long);
long linux_mprotect(long, long, long, long, long, long);
long linux_madvise(long, long, long, long, long, long);

// Processes and signals (linux_process.cpp)
long linux_exit(long, long, long, long, long, long);
long linux_getpid(long, long, long, long, long, long);
long linux_getppid(long, long, long, long, long, long);
long linux_gettid(long, long, long, long, long, long);
long linux_kill(long, long, long, long, long, long);
long linux_tkill(long, long, long, long, long, long);
long linux_tgkill(long, long, long, long, long, long);
long linux_rt_sigaction(long, long, long, long, long, long);
long linux_rt_sigprocmask(long, long, long, long, long, long);
long linux_wait4(long, long, long, long, long, long);
long linux_prlimit64(long, long, long, long, long, long);
long linux_uname(long, long, long, long, long, long);
long linux_getrandom(long, long, long, long, long, long);
long linux_sched_yield(long, long, long, long, long, long);

// Time and waiting (linux_time.cpp)
long linux_clock_gettime(long, long, long, long, long, long);
long linux_clock_getres(long, long, long, long, long, long);
long linux_nanosleep(long, long, long, long, long, long);
long linux_clock_nanosleep(long, long, long, long, long, long);
long linux_futex(long, long, long, long, long, long);
long linux_ppoll(long, long, long, long, long, long);
long linux_pselect6(long, long, long, long, long, long);

}  // namespace sosapi

/// Whether libc's open creates a missing file whatever its flags (programs of the 2021 interface).
extern "C" const bool __sos_open_creates;

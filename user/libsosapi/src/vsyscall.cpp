// SPDX-License-Identifier: BSD-2-Clause
#include "vsyscall.hpp"

#include <syscalls.h>

#include <array>

#include "call.hpp"

namespace sosapi {
namespace {

constexpr Entry entries[] = {
    // clang-format off
    {17, linux_getcwd}, {23, linux_dup}, {24, linux_dup3}, {25, linux_fcntl}, {29, linux_ioctl},
    {34, linux_mkdirat}, {35, linux_unlinkat}, {38, linux_renameat}, {45, linux_truncate},
    {46, linux_ftruncate}, {47, linux_not_supported /* fallocate */}, {48, linux_faccessat},
    {49, linux_chdir}, {53, linux_fchmodat}, {56, linux_openat}, {57, linux_close},
    {61, linux_getdents64}, {62, linux_lseek}, {63, linux_read}, {64, linux_write},
    {65, linux_readv}, {66, linux_writev}, {67, linux_pread64}, {68, linux_pwrite64},
    {69, linux_preadv}, {70, linux_pwritev}, {72, linux_pselect6}, {73, linux_ppoll},
    {78, linux_readlinkat}, {79, linux_newfstatat}, {80, linux_fstat},
    {82, linux_fsync}, {83, linux_fsync /* fdatasync */}, {93, linux_exit},
    {94, linux_exit /* exit_group */}, {96, linux_gettid /* set_tid_address */}, {98, linux_futex},
    {101, linux_nanosleep}, {113, linux_clock_gettime}, {114, linux_clock_getres},
    {115, linux_clock_nanosleep}, {124, linux_sched_yield}, {129, linux_kill}, {130, linux_tkill},
    {131, linux_tgkill}, {134, linux_rt_sigaction}, {135, linux_rt_sigprocmask},
    {160, linux_uname}, {166, linux_umask}, {172, linux_getpid}, {173, linux_getppid},
    {174, linux_success /* getuid */}, {175, linux_success /* geteuid */},
    {176, linux_success /* getgid */}, {177, linux_success /* getegid */}, {178, linux_gettid},
    {215, linux_munmap}, {222, linux_mmap}, {223, linux_success /* fadvise64 */},
    {226, linux_mprotect}, {233, linux_madvise}, {260, linux_wait4}, {261, linux_prlimit64},
    {276, linux_renameat2}, {278, linux_getrandom}, {439, linux_faccessat2},
    // clang-format on
};

long no_such_call(long, long, long, long, long, long) {
    return -ENOSYS;
}

consteval std::array<Handler, linux_numbers> make_handlers() {
    std::array<Handler, linux_numbers> handlers{};
    handlers.fill(no_such_call);
    for (const Entry& entry : entries) {
        // Not a constant expression, so a number with two handlers does not compile.
        if (handlers[entry.number] != no_such_call) __builtin_trap();
        handlers[entry.number] = entry.handler;
    }
    return handlers;
}

constexpr std::array<Handler, linux_numbers> handlers = make_handlers();

constexpr std::uint64_t first_sos_number = 0x1000;
constexpr std::uint64_t native_offset = 0x2000;  // __SOS_NATIVE of arch/aarch64/syscall_arch.h

/// A SOS call that libc makes as such.
long native_call(std::uint64_t number, const std::uint64_t* arguments) {
    const bool low = number >= native_offset;
    const std::uint64_t wire = low ? number - native_offset : number;
    if (low && wire >= first_sos_number) return -ENOSYS;
    for (const auto& row : abi::sos_syscalls) {
        if (row.number == wire) return result_of(call_any(wire, row.arguments, arguments));
    }
    return -ENOSYS;
}

long dispatch(long a, long b, long c, long d, long e, long f, long number) {
    const auto index = static_cast<std::uint64_t>(number);
    if (index < linux_numbers) return handlers[index](a, b, c, d, e, f);
    if (index < first_sos_number) return -ENOSYS;
    const std::uint64_t arguments[4] = {detail::word(a), detail::word(b), detail::word(c),
                                        detail::word(d)};
    return native_call(index, arguments);
}

}  // namespace

long linux_success(long, long, long, long, long, long) {
    return 0;
}

long linux_not_supported(long, long, long, long, long, long) {
    return -EOPNOTSUPP;
}

}  // namespace sosapi

extern "C" {

// Filled from the start: libc works before main, and before anybody calls the function below.
long (*__sos_systable[1])(long, long, long, long, long, long, long) = {sosapi::dispatch};

void sosapi_init_syscall_table(void) {
    __sos_systable[0] = sosapi::dispatch;
}

[[gnu::weak]] extern const bool __sos_open_creates = false;
}

// SPDX-License-Identifier: BSD-2-Clause
// System calls of SOS: the one table that the server's dispatcher, libsosapi and the docs share.
//
// Protocol (seed 2.2): seL4_Call on CPtr 1 with MR0 = number, MR1.. = arguments. The reply has
// MR0 = 0 and results from MR1 on, or MR0 = 1 and a positive errno in MR1. Every number that is
// not in the table answers ENOSYS.
//
// Numbers below 0x1000 are Linux AArch64 numbers with the seed's meaning (seed 2.3). Whatever libc
// needs with another meaning has a number from 0x1000 up. Strings end with NUL and are at most
// 4096 bytes with it; the server reads them, so a bad pointer is an EFAULT, not a crash.
#pragma once

#include <cstdint>

// name, number, argument words, result words, what it does
#define SOS_SYSCALL_TABLE(X)                                                                 \
    X(io_getevents, 4, 2, 1, "sos_process_status(processes, max) -> count")                  \
    X(openat, 56, 3, 1, "open(path, flags, mode) -> fd; O_* flags of abi/sos_file.hpp")      \
    X(close, 57, 1, 0, "close(fd)")                                                          \
    X(getdents64, 61, 3, 1, "sos_getdirent(position, name, size) -> bytes")                  \
    X(read, 63, 3, 1, "read(fd, buffer, size) -> bytes")                                     \
    X(write, 64, 3, 1, "write(fd, buffer, size) -> bytes")                                   \
    X(fstat, 80, 2, 0, "sos_stat(path, sos_stat_t)")                                         \
    X(nanosleep, 101, 1, 0, "sleep(microseconds, signed)")                                   \
    X(getitimer, 102, 0, 1, "time_stamp() -> microseconds since boot")                       \
    X(kill, 129, 1, 0, "sos_process_delete(pid)")                                            \
    X(getpid, 172, 0, 1, "sos_my_id() -> pid")                                               \
    X(brk, 214, 1, 1, "brk(address) -> new break; 0 asks for the present one")               \
    X(execve, 221, 1, 1, "sos_process_create(command line) -> pid")                          \
    X(wait4, 260, 1, 1, "sos_process_wait(pid or -1) -> pid")                                \
    X(console_out, 0x1000, 2, 1, "write(buffer, size) to the console -> bytes")              \
    X(exit, 0x1001, 2, 0, "exit(status, signal: 0, or as if killed by it); no return")       \
    X(mmap, 0x1002, 4, 1, "mmap(address, length, prot, flags), anonymous -> address")        \
    X(munmap, 0x1003, 2, 0, "munmap(address, length)")                                       \
    X(mprotect, 0x1004, 3, 0, "mprotect(address, length, prot)")                             \
    X(lseek, 0x1005, 3, 1, "lseek(fd, offset, whence) -> offset")                            \
    X(pread, 0x1006, 4, 1, "pread(fd, buffer, size, offset) -> bytes")                       \
    X(pwrite, 0x1007, 4, 1, "pwrite(fd, buffer, size, offset) -> bytes")                     \
    X(fstat_fd, 0x1008, 2, 0, "fstat(fd, abi::FileStatus)")                                  \
    X(stat_path, 0x1009, 3, 0, "stat(path, abi::FileStatus, flags: 1 = do not follow)")      \
    X(getdents, 0x100a, 3, 1, "getdents(fd, buffer, size) -> bytes of Linux dirent64")       \
    X(unlinkat, 0x100b, 2, 0, "unlink(path, flags: 1 = rmdir)")                              \
    X(ftruncate, 0x100c, 2, 0, "ftruncate(fd, length)")                                      \
    X(mkdirat, 0x100d, 2, 0, "mkdir(path, mode)")                                            \
    X(renameat, 0x100e, 2, 0, "rename(old path, new path)")                                  \
    X(fcntl, 0x100f, 3, 1, "fcntl(fd, command, argument) -> result")                         \
    X(dup, 0x1010, 1, 1, "dup(fd) -> fd")                                                    \
    X(dup3, 0x1011, 3, 1, "dup3(old, new, flags) -> fd")                                     \
    X(clock_gettime, 0x1012, 1, 2, "clock_gettime(0 real time, 1 monotonic) -> s, ns")       \
    X(getrandom, 0x1013, 3, 1, "getrandom(buffer, size, flags) -> bytes")                    \
    X(sched_yield, 0x1014, 0, 0, "gives up the processor")                                   \
    X(spawn, 0x1015, 4, 1, "spawn(path, argument block, its size, argc) -> pid")             \
    X(waitpid, 0x1016, 2, 2, "waitpid(pid or -1, options: 1 = WNOHANG) -> pid, wait status") \
    X(resource_count, 0x1017, 1, 0, "fills abi::ResourceCount")                              \
    X(set_foreground, 0x1018, 1, 0, "names the child that ^C kills; -1 for none")            \
    X(fsync, 0x1019, 1, 0, "fsync(fd)")                                                      \
    X(chdir, 0x101a, 1, 0, "chdir(path)")                                                    \
    X(getcwd, 0x101b, 2, 1, "getcwd(buffer, size) -> bytes with NUL")                        \
    X(faccessat, 0x101c, 2, 0, "access(path, mode)")                                         \
    X(share_vm, 0x101d, 3, 0, "sos_share_vm(address, size, writable)")                       \
    X(process_list, 0x101e, 2, 1, "fills abi::ProcessInfo[max] -> count")                    \
    X(fchmodat, 0x101f, 2, 0, "chmod(path, mode)")                                           \
    X(readlinkat, 0x1020, 3, 1, "readlink(path, buffer, size) -> bytes")                     \
    X(getppid, 0x1021, 0, 1, "getppid() -> pid of the parent, -1 if gone")                   \
    X(read_window, 0x1022, 4, 1, "read, and fills an abi::FileWindow with what follows")     \
    X(write_window, 0x1023, 4, 1, "write, and arms an abi::FileWindow for what follows")     \
    X(sleep_until, 0x1030, 1, 0, "sleep until a moment, in microseconds since boot")         \
    X(paging_count, 0x1040, 1, 0, "fills abi::PagingCount")

namespace abi {

enum class SosSyscall : std::uint64_t {
#define SOS_SYSCALL_ENUM(name, number, arguments, results, text) name = number,
    SOS_SYSCALL_TABLE(SOS_SYSCALL_ENUM)
#undef SOS_SYSCALL_ENUM
};

struct SosSyscallInfo {
    std::uint64_t number;
    unsigned arguments;
    unsigned results;
    const char* name;
    const char* text;
};

inline constexpr SosSyscallInfo sos_syscalls[] = {
#define SOS_SYSCALL_ROW(name, number, arguments, results, text) \
    {number, arguments, results, #name, text},
    SOS_SYSCALL_TABLE(SOS_SYSCALL_ROW)
#undef SOS_SYSCALL_ROW
};

namespace sos_reply {
inline constexpr std::uint64_t success = 0;
inline constexpr std::uint64_t failure = 1;
}  // namespace sos_reply

inline constexpr std::uint64_t sos_endpoint_cptr = 1;  // slot 1 of every program's CSpace
inline constexpr std::uint64_t max_path = 4096;        // bytes, with the NUL

}  // namespace abi

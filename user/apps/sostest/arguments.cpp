// SPDX-License-Identifier: BSD-2-Clause
// Numbers, lengths and descriptors that mean nothing.
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test.hpp"

namespace sostest {
namespace {

using abi::SosSyscall;

bool known(std::uint64_t number) {
    for (const auto& row : abi::sos_syscalls) {
        if (row.number == number) return true;
    }
    return false;
}

bool answers_enosys(std::uint64_t number) {
    const std::uint64_t arguments[4] = {~0ull, ~0ull, ~0ull, ~0ull};
    for (unsigned count = 0; count <= 4; ++count) {
        if (sos_call(number, count, arguments).error == ENOSYS) continue;
        printf("# number %llu with %u arguments\n", static_cast<unsigned long long>(number), count);
        return false;
    }
    return true;
}

bool unknown_numbers() {
    for (std::uint64_t number = 0; number < 0x1100; ++number) {
        if (!known(number)) CHECK(answers_enosys(number));
    }
    for (unsigned bit = 13; bit < 64; ++bit) {
        CHECK(answers_enosys(1ull << bit));
        CHECK(answers_enosys((1ull << bit) + 172));  // getpid if only the low bits counted
        CHECK(answers_enosys(~0ull << bit));
    }
    return true;
}

constexpr std::uint64_t huge_lengths[] = {
    ~0ull, ~0ull - 4095, 1ull << 63, (1ull << 63) - 1, 1ull << 47,
};

/// The buffer is good, what is claimed of its length is not.
bool overflowing_lengths() {
    static char buffer[4096];
    const int file = open("sostest.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK(file >= 0);
    CHECK(write(file, buffer, 100) == 100);
    const auto fd = static_cast<std::uint64_t>(file);
    const std::uint64_t at = word(buffer);
    for (const std::uint64_t length : huge_lengths) {
        CHECK(error_of(SosSyscall::read, {fd, at, length}) != 0);
        CHECK(error_of(SosSyscall::write, {fd, at, length}) != 0);
        CHECK(error_of(SosSyscall::pread, {fd, at, length, 0}) != 0);
        CHECK(error_of(SosSyscall::pwrite, {fd, at, length, 0}) != 0);
        CHECK(error_of(SosSyscall::console_out, {at, length}) != 0);
        CHECK(error_of(SosSyscall::getrandom, {at, length, 0}) != 0);
        CHECK(error_of(SosSyscall::spawn, {word("sostest"), at, length, 1}) != 0);
        CHECK(error_of(SosSyscall::munmap, {at & ~4095ull, length & ~4095ull}) != 0);
        CHECK(error_of(SosSyscall::mprotect, {at & ~4095ull, length & ~4095ull, 1}) != 0);
        CHECK(error_of(SosSyscall::mmap, {0, length, 3, 0x22}) != 0);
        // Bounds of what may be written, so they may be larger than what is written.
        call(SosSyscall::getdents64, {0, at, length});
        call(SosSyscall::readlinkat, {word("sostest.tmp"), at, length});
        call(SosSyscall::getcwd, {at, length});
        call(SosSyscall::io_getevents, {at, length});
        call(SosSyscall::process_list, {at, length});
    }
    CHECK(close(file) == 0 && unlink("sostest.tmp") == 0);
    return true;
}

bool descriptors() {
    static char buffer[64];
    const std::uint64_t at = word(buffer);
    for (const int file : {-1, 0, 3, 500, 1023, 1024, 4096, INT_MAX, INT_MIN}) {
        const auto fd = static_cast<std::uint64_t>(static_cast<std::int64_t>(file));
        CHECK(error_of(SosSyscall::close, {fd}) == EBADF);
        CHECK(error_of(SosSyscall::read, {fd, at, 1}) == EBADF);
        CHECK(error_of(SosSyscall::write, {fd, at, 1}) == EBADF);
        CHECK(error_of(SosSyscall::pread, {fd, at, 1, 0}) == EBADF);
        CHECK(error_of(SosSyscall::pwrite, {fd, at, 1, 0}) == EBADF);
        CHECK(error_of(SosSyscall::lseek, {fd, 0, 0}) == EBADF);
        CHECK(error_of(SosSyscall::fstat_fd, {fd, at}) == EBADF);
        CHECK(error_of(SosSyscall::getdents, {fd, at, 64}) == EBADF);
        CHECK(error_of(SosSyscall::ftruncate, {fd, 0}) == EBADF);
        CHECK(error_of(SosSyscall::fcntl, {fd, F_GETFL, 0}) == EBADF);
        CHECK(error_of(SosSyscall::dup, {fd}) == EBADF);
        CHECK(error_of(SosSyscall::dup3, {fd, 5, 0}) == EBADF);
        CHECK(error_of(SosSyscall::fsync, {fd}) == EBADF);
    }
    CHECK(error_of(SosSyscall::close, {(1ull << 32) + 1}) == EBADF);
    return true;
}

bool open_modes() {
    for (const int mode : {3, 6, 890244, 4, 8, 16, 32, -1}) {
        CHECK(sos_open("sostest.tmp", mode) == -1);
        CHECK(sos_open("console", mode) == -1);
    }
    sos_stat_t status;
    CHECK(sos_stat("sostest.tmp", &status) == -1);  // none of them created it
    CHECK(sos_open("", O_RDONLY) == -1);
    return true;
}

bool path_lengths() {
    static char name[5000];
    memset(name, 'x', sizeof(name) - 1);
    CHECK(sos_open(name, O_RDWR) == -1 && errno == ENAMETOOLONG);
    name[4096] = '\0';
    CHECK(sos_open(name, O_RDWR) == -1 && errno == ENAMETOOLONG);
    name[4095] = '\0';
    CHECK(sos_open(name, O_RDWR) == -1);  // a component of 4095 bytes is too long as well
    CHECK(sos_process_create(name) == -1);
    sos_stat_t status;
    CHECK(sos_stat(name, &status) == -1);
    return true;
}

bool seeks() {
    const int file = open("sostest.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK(file >= 0);
    CHECK(lseek(file, -1, SEEK_SET) == -1 && errno == EINVAL);
    CHECK(lseek(file, 0, 77) == -1 && errno == EINVAL);
    CHECK(lseek(file, 10, SEEK_SET) == 10);
    CHECK(lseek(file, -11, SEEK_CUR) == -1 && errno == EINVAL);
    CHECK(lseek(file, LLONG_MAX, SEEK_CUR) == -1);
    CHECK(lseek(file, -5, SEEK_CUR) == 5);
    char byte = 0;
    CHECK(pread(file, &byte, 1, -1) == -1);
    CHECK(pwrite(file, &byte, 1, -1) == -1);
    CHECK(ftruncate(file, -1) == -1);
    CHECK(lseek(STDOUT_FILENO, 0, SEEK_SET) == -1 && errno == ESPIPE);
    CHECK(close(file) == 0 && unlink("sostest.tmp") == 0);
    return true;
}

bool maps() {
    const auto map = [](std::uint64_t address, std::uint64_t length, int protection, int flags) {
        return error_of(SosSyscall::mmap, {address, length, static_cast<std::uint64_t>(protection),
                                           static_cast<std::uint64_t>(flags)});
    };
    constexpr int usual = MAP_PRIVATE | MAP_ANONYMOUS;
    CHECK(map(0, 0, 3, usual) != 0);
    CHECK(map(0, 4096, 0x1000, usual) != 0);
    CHECK(map(1, 4096, 3, usual | MAP_FIXED) != 0);
    CHECK(map(0xffff'ff80'0000'0000, 4096, 3, usual | MAP_FIXED) != 0);
    CHECK(map(0x7fff'ffff'f000, 8192, 3, usual | MAP_FIXED) != 0);
    CHECK(error_of(SosSyscall::munmap, {1, 4096}) != 0);
    CHECK(error_of(SosSyscall::munmap, {0x1000'0000, 0}) != 0);
    CHECK(error_of(SosSyscall::munmap, {0xffff'ff80'0000'0000, 4096}) != 0);
    CHECK(error_of(SosSyscall::mprotect, {1, 4096, 1}) != 0);
    CHECK(error_of(SosSyscall::mprotect, {0xffff'ff80'0000'0000, 4096, 1}) != 0);
    for (const std::uint64_t end : {1ull, 1ull << 47, 1ull << 63, ~0ull}) {
        const sos_reply_t reply = call(SosSyscall::brk, {end});
        CHECK(reply.error != 0 || reply.results[0] != end);
    }
    CHECK(sos_share_vm(reinterpret_cast<void*>(1), 4096, 0) == -1);
    return true;
}

constexpr Case cases[] = {
    {"ARGUMENT_0001", unknown_numbers, "an unknown number is not ENOSYS"},
    {"ARGUMENT_0002", overflowing_lengths, "an overflowing length was accepted"},
    {"ARGUMENT_0003", descriptors, "a descriptor that is none was accepted"},
    {"ARGUMENT_0004", open_modes, "a mode without meaning was accepted"},
    {"ARGUMENT_0005", path_lengths, "a path that is too long was accepted"},
    {"ARGUMENT_0006", seeks, "an offset without meaning was accepted"},
    {"ARGUMENT_0007", maps, "a mapping that cannot be was accepted"},
};

}  // namespace

constinit const std::span<const Case> argument_cases{cases};

}  // namespace sostest

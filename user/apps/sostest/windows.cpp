// SPDX-License-Identifier: BSD-2-Clause
// Small reads and writes that the library does without a system call must look as if each was one.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shared_file.hpp"
#include "test.hpp"

namespace sostest {
namespace {

constexpr const char* scratch = "sostest.tmp";

char byte_at(std::uint64_t n) {
    return static_cast<char>((n * 2654435761u) >> 11);
}

bool first_seed() {
    return two_processes_see_each_other(1, 1500);
}
bool second_seed() {
    return two_processes_see_each_other(2, 1500);
}

/// A reader that has a window on what comes next.
int open_with_window(char* buffer) {
    const int file = open(scratch, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (file < 0) return -1;
    for (std::size_t i = 0; i < 4096; ++i) buffer[i] = byte_at(i);
    for (int i = 0; i < 4; ++i) {
        if (write(file, buffer, 4096) != 4096) return -1;
    }
    if (lseek(file, 0, SEEK_SET) != 0) return -1;
    for (int i = 0; i < 8; ++i) {
        if (read(file, buffer, 100) != 100) return -1;
    }
    return file;
}

/// Whatever is wrong with the buffer, the answer is EFAULT, and the position stays.
bool bad_buffers() {
    static char buffer[4096];
    const int file = open_with_window(buffer);
    CHECK(file >= 0);
    const auto page = [](int protection) {
        return static_cast<char*>(
            mmap(nullptr, 8192, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    };
    char* const half = page(PROT_READ | PROT_WRITE);
    CHECK(read(file, half, 100) == 100 && read(file, half + 4000, 200) == 200);
    CHECK(mprotect(half + 4096, 4096, PROT_READ) == 0);
    char* const replaced = page(PROT_READ | PROT_WRITE);
    CHECK(read(file, replaced, 100) == 100 && read(file, replaced, 100) == 100);
    CHECK(mmap(replaced, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
          replaced);
    char* const gone = page(PROT_READ | PROT_WRITE);
    CHECK(read(file, gone, 100) == 100 &&
          read(file, gone, 100) == 100);  // known to be good, and the last to be mapped
    CHECK(munmap(gone, 8192) == 0);
    char* const heap = static_cast<char*>(sbrk(8192));
    CHECK(read(file, heap + 4096, 100) == 100 && read(file, heap + 4096, 100) == 100);
    CHECK(sbrk(-8192) != reinterpret_cast<void*>(-1));
    const off_t position = lseek(file, 0, SEEK_CUR);
    CHECK(position == 800 + 200 + 300 + 200 + 200);
    for (int i = 0; i < 4; ++i) CHECK(read(file, buffer, 100) == 100);
    static const char constant[128] = "not to be written to";
    char* const bad[] = {nullptr,
                         reinterpret_cast<char*>(8),
                         gone,
                         half + 4090,
                         half + 4096,
                         replaced,
                         heap + 4096,
                         const_cast<char*>(constant),
                         reinterpret_cast<char*>(reinterpret_cast<std::uint64_t>(&bad_buffers)),
                         reinterpret_cast<char*>(0x7fff'ffff'ffc0),
                         reinterpret_cast<char*>(0xffff'ff80'4000'0000),
                         reinterpret_cast<char*>(~0ull)};
    for (char* const address : bad) {
        // With a window before, and none after.
        CHECK(read(file, buffer, 50) == 50 && read(file, buffer, 50) == 50);
        CHECK(read(file, address, 100) == -1 && errno == EFAULT);
        CHECK(read(file, address, 100) == -1 && errno == EFAULT);
    }
    CHECK(lseek(file, 0, SEEK_CUR) == position + 400 + 12 * 100);
    CHECK(close(file) == 0 && unlink(scratch) == 0);
    return true;
}

constexpr Case cases[] = {
    {"WINDOW_0001", first_seed, "two processes do not see each other's changes"},
    {"WINDOW_0002", second_seed, "two processes do not see each other's changes"},
    {"WINDOW_0003", bad_buffers, "a bad buffer is not refused with EFAULT"},
};

}  // namespace

constinit const std::span<const Case> window_cases{cases};

}  // namespace sostest

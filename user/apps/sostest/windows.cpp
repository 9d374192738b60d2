// SPDX-License-Identifier: BSD-2-Clause
// Small reads and writes that the library does without a system call must look as if each was one.
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "roles.hpp"
#include "shared_file.hpp"
#include "test.hpp"

namespace sostest {
namespace {

constexpr const char* scratch = "sostest.tmp";
constexpr const char* signal_file = "sostest.go";

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

/// The same for what is written: nothing of it, and all that was written before.
bool bad_sources() {
    static char buffer[4096];
    const int file = open(scratch, O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK(file >= 0);
    char* const memory = static_cast<char*>(
        mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    std::size_t written = 0;
    const auto put = [&](const char* from, std::size_t size) {
        for (int i = 0; i < 5; ++i) {
            if (write(file, from, size) != static_cast<ssize_t>(size)) return false;
            written += size;
        }
        return true;
    };
    CHECK(put(memory, 100) && put(buffer, 100));
    CHECK(mprotect(memory, 4096, PROT_NONE) == 0 && munmap(memory + 4096, 4096) == 0);
    // Read-only memory is good enough.
    CHECK(put("constant", 8));
    const char* const bad[] = {nullptr,
                               reinterpret_cast<char*>(8),
                               memory,
                               memory + 4096,
                               reinterpret_cast<char*>(0x7fff'ffff'ffc0),
                               reinterpret_cast<char*>(0xffff'ff80'4000'0000),
                               reinterpret_cast<char*>(~0ull)};
    for (const char* const address : bad) {
        CHECK(put(buffer, 50));
        CHECK(write(file, address, 100) == -1 && errno == EFAULT);
        CHECK(write(file, address, 100) == -1 && errno == EFAULT);
        CHECK(put(buffer, 50));
    }
    CHECK(lseek(file, 0, SEEK_CUR) == static_cast<off_t>(written));
    CHECK(lseek(file, 0, SEEK_END) == static_cast<off_t>(written));
    CHECK(pread(file, buffer, 8, 1000) == 8 && memcmp(buffer, "constant", 8) == 0);
    CHECK(close(file) == 0 && unlink(scratch) == 0);
    return true;
}

constexpr int lines = 3000;

/// Are all lines of write_lines() there?
bool all_lines_there() {
    const int file = open(scratch, O_RDONLY);
    CHECK(file >= 0);
    char line[16];
    char wanted[16];
    for (int i = 0; i < lines; ++i) {
        snprintf(wanted, sizeof wanted, "line %9d\n", i);
        CHECK(read(file, line, 15) == 15 && memcmp(line, wanted, 15) == 0);
    }
    CHECK(read(file, line, 1) == 0 && close(file) == 0 && unlink(scratch) == 0);
    return true;
}

bool left_without_closing() {
    const pid_t pid = start_role("write-lines");
    int status;
    CHECK(pid >= 0 && waitpid(pid, &status, 0) == pid && status == 0);
    return all_lines_there();
}

bool killed_while_writing() {
    unlink(signal_file);
    const pid_t pid = start_role("write-lines", "stay");
    CHECK(pid >= 0);
    struct stat status;
    while (stat(signal_file, &status) != 0) usleep(10'000);
    CHECK(sos_process_delete(pid) == 0 && sos_process_wait(pid) == pid);
    CHECK(unlink(signal_file) == 0);
    return all_lines_there();
}

/// More files than windows, in small pieces, some read and some written.
bool many_files() {
    char name[] = "sostest.tmp0";
    int files[9];
    for (int i = 0; i < 9; ++i) {
        name[11] = static_cast<char>('0' + i);
        files[i] = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
        CHECK(files[i] >= 0);
    }
    char line[16];
    char wanted[16];
    for (int n = 0; n < 600; ++n) {
        snprintf(line, sizeof line, "line %9d\n", n);
        for (int i = 0; i < 9; ++i) {
            const int times = n % 9 == i ? 1 : 10;  // some stay behind
            if (n % 20 < times) CHECK(write(files[i], line, 15) == 15);
        }
    }
    for (int i = 0; i < 9; ++i) CHECK(lseek(files[i], 0, SEEK_SET) == 0);
    for (int n = 0; n < 600; ++n) {
        snprintf(wanted, sizeof wanted, "line %9d\n", n);
        for (int i = 0; i < 9; ++i) {
            const int times = n % 9 == i ? 1 : 10;
            if (n % 20 >= times) continue;
            CHECK(read(files[i], line, 15) == 15 && memcmp(line, wanted, 15) == 0);
        }
    }
    for (int i = 0; i < 9; ++i) {
        name[11] = static_cast<char>('0' + i);
        CHECK(read(files[i], line, 1) == 0 && close(files[i]) == 0 && unlink(name) == 0);
    }
    return true;
}

constexpr Case cases[] = {
    {"WINDOW_0001", first_seed, "two processes do not see each other's changes"},
    {"WINDOW_0002", second_seed, "two processes do not see each other's changes"},
    {"WINDOW_0003", bad_buffers, "a bad buffer is not refused with EFAULT"},
    {"WINDOW_0004", bad_sources, "bad memory to write from is not refused with EFAULT"},
    {"WINDOW_0005", left_without_closing, "what a program wrote is not there when it has ended"},
    {"WINDOW_0006", killed_while_writing, "what a program wrote is not there when it was killed"},
    {"WINDOW_0007", many_files, "more files than windows are confused"},
};

}  // namespace

/// Writes lines and ends, or stays, without closing.
int write_lines(const char* stay) {
    const int file = open(scratch, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file < 0) return 1;
    char line[16];
    for (int i = 0; i < lines; ++i) {
        snprintf(line, sizeof line, "line %9d\n", i);
        if (write(file, line, 15) != 15) return 2;
    }
    if (stay == nullptr) return 0;
    close(open(signal_file, O_WRONLY | O_CREAT, 0600));
    for (;;) sos_usleep(1'000'000);
}

constinit const std::span<const Case> window_cases{cases};

}  // namespace sostest

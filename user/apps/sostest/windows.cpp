// SPDX-License-Identifier: BSD-2-Clause
// Small reads and writes that the library does without a system call must look as if each was one.
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
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

constexpr const char* renamed = "sostest.tmp1";
constexpr char record[] = "0123456789abcde\n";
constexpr off_t record_size = 16;
constexpr off_t records = 40;
constexpr off_t written_size = records * record_size;

/// Who looks at a file, or changes it, right after small writes in sequence to `writer`; `other` is
/// open on the same file. The file has `size` bytes afterwards, of records as far as they go.
struct Look {
    const char* text;
    bool (*act)(int writer, int other);
    off_t size = written_size;
};

off_t size_of(int file) {
    struct stat status;
    return fstat(file, &status) == 0 ? status.st_size : -1;
}

off_t size_of(const char* path) {
    struct stat status;
    return stat(path, &status) == 0 ? status.st_size : -1;
}

bool put_record(int file) {
    return write(file, record, record_size) == record_size;
}

constexpr Look looks[] = {
    {"fstat", [](int writer, int) { return size_of(writer) == written_size; }},
    {"fstat of the other", [](int, int other) { return size_of(other) == written_size; }},
    {"stat", [](int, int) { return size_of(scratch) == written_size; }},
    {"sos_stat",
     [](int, int) {
         sos_stat_t status;
         return sos_stat(scratch, &status) == 0 && status.st_size == written_size;
     }},
    {"the end, for the other", [](int, int o) { return lseek(o, 0, SEEK_END) == written_size; }},
    {"the writer's position", [](int w, int) { return lseek(w, 0, SEEK_CUR) == written_size; }},
    {"the last record",
     [](int, int other) {
         char back[32];
         return pread(other, back, sizeof back, written_size - record_size) == record_size &&
                memcmp(back, record, record_size) == 0;
     }},
    {"small reads in sequence",
     [](int, int other) {
         char back[record_size];
         for (off_t i = 0; i < records; ++i) {
             if (read(other, back, record_size) != record_size) return false;
             if (memcmp(back, record, record_size) != 0) return false;
         }
         return read(other, back, 1) == 0;
     }},
    {"in turns with small reads at the end",
     [](int writer, int other) {
         char back[record_size];
         if (lseek(other, 0, SEEK_END) != written_size) return false;
         for (int i = 0; i < 20; ++i) {
             if (!put_record(writer) || read(other, back, record_size) != record_size) return false;
             if (memcmp(back, record, record_size) != 0 || read(other, back, 1) != 0) return false;
         }
         return true;
     },
     written_size + 20 * record_size},
    {"write in two places",
     [](int writer, int other) {
         for (int i = 0; i < 20; ++i) {
             if (!put_record(other) || !put_record(writer)) return false;
         }
         return lseek(other, 0, SEEK_CUR) == 20 * record_size;
     },
     written_size + 20 * record_size},
    {"pwrite over it by the writer",
     [](int writer, int) { return pwrite(writer, record, 8, 0) == 8 && put_record(writer); },
     written_size + record_size},
    {"writev",
     [](int writer, int) {
         const iovec pieces[] = {{const_cast<char*>(record), 5},
                                 {const_cast<char*>(record) + 5, 11}};
         return writev(writer, pieces, 2) == record_size && put_record(writer);
     },
     written_size + 2 * record_size},
    {"append by another",
     [](int writer, int) {
         const int end = open(scratch, O_WRONLY | O_APPEND);
         for (int i = 0; i < 5; ++i) {
             if (!put_record(end)) return false;
         }
         // The writer goes on where it was, over these.
         return put_record(writer) && close(end) == 0;
     },
     written_size + 5 * record_size},
    {"cut by the other", [](int, int other) { return ftruncate(other, 10 * record_size) == 0; },
     10 * record_size},
    {"cut by path", [](int, int) { return truncate(scratch, 32) == 0; }, 32},
    {"cut by the writer, which goes back",
     [](int writer, int) {
         return ftruncate(writer, 64) == 0 && lseek(writer, 0, SEEK_CUR) == written_size &&
                lseek(writer, 0, SEEK_END) == 64 && put_record(writer) && put_record(writer);
     },
     64 + 2 * record_size},
    {"emptied by an open", [](int, int) { return close(open(scratch, O_WRONLY | O_TRUNC)) == 0; },
     0},
    {"dup, then both",
     [](int writer, int) {
         const int copy = dup(writer);
         bool good = copy >= 0;
         for (int i = 0; i < 10; ++i) good = good && put_record(writer) && put_record(copy);
         return good && close(copy) == 0 && put_record(writer);
     },
     written_size + 21 * record_size},
    {"the copy outlives the writer's number",
     [](int writer, int other) {
         const int copy = dup(writer);
         for (int i = 0; i < 10; ++i) {
             if (!put_record(copy)) return false;
         }
         if (dup2(other, writer) != writer || lseek(writer, 0, SEEK_CUR) != 0) return false;
         return put_record(copy) && close(copy) == 0;
     },
     written_size + 11 * record_size},
    {"dup2 over the writer", [](int w, int o) { return dup2(o, w) == w && put_record(w); }},
    {"dup2 onto itself", [](int w, int) { return dup2(w, w) == w && put_record(w); },
     written_size + record_size},
    {"a refused dup2", [](int w, int) { return dup2(w, 5000) == -1 && put_record(w); },
     written_size + record_size},
    {"renamed and back",
     [](int writer, int) {
         return rename(scratch, renamed) == 0 && put_record(writer) &&
                size_of(renamed) == written_size + record_size && rename(renamed, scratch) == 0;
     },
     written_size + record_size},
    {"another renamed over it",
     [](int writer, int other) {
         const int file = open(renamed, O_WRONLY | O_CREAT | O_TRUNC, 0600);
         if (!put_record(file) || close(file) != 0 || rename(renamed, scratch) != 0) return false;
         return put_record(writer) && put_record(writer) &&
                size_of(other) == written_size + 2 * record_size && size_of(scratch) == record_size;
     },
     record_size},
    {"removed",
     [](int writer, int other) {
         char back[record_size];
         if (unlink(scratch) != 0 || !put_record(writer) || !put_record(writer)) return false;
         if (size_of(other) != written_size + 2 * record_size) return false;
         if (pread(other, back, record_size, written_size) != record_size) return false;
         const int file = open(scratch, O_WRONLY | O_CREAT | O_EXCL, 0600);
         return file >= 0 && close(file) == 0;
     },
     0},
    {"read by the writer",
     [](int writer, int) {
         char back[record_size];
         return read(writer, back, record_size) == 0 && lseek(writer, 0, SEEK_SET) == 0 &&
                read(writer, back, record_size) == record_size &&
                read(writer, back, record_size) == record_size && put_record(writer) &&
                lseek(writer, 0, SEEK_CUR) == 3 * record_size;
     }},
    {"a hole",
     [](int writer, int) {
         return lseek(writer, record_size, SEEK_CUR) == written_size + record_size &&
                put_record(writer) && put_record(writer) &&
                pwrite(writer, record, record_size, written_size) == record_size;
     },
     written_size + 3 * record_size},
    {"fsync", [](int w, int) { return fsync(w) == 0 && put_record(w); },
     written_size + record_size},
    {"closed", [](int w, int other) { return close(w) == 0 && size_of(other) == written_size; }},
    {"only the other is left",
     [](int w, int other) { return close(w) == 0 && put_record(other) && put_record(other); }},
};

bool has_records(off_t size) {
    const int file = open(scratch, O_RDONLY);
    CHECK(file >= 0);
    char back[record_size];
    off_t at = 0;
    for (ssize_t got; (got = read(file, back, record_size)) > 0; at += got) {
        CHECK(memcmp(back, record, static_cast<std::size_t>(got)) == 0);
    }
    CHECK(close(file) == 0 && at == size);
    return true;
}

bool looks_right(const Look& look) {
    const int writer = open(scratch, O_RDWR | O_CREAT | O_TRUNC, 0600);
    const int other = open(scratch, O_RDWR);
    CHECK(writer >= 0 && other >= 0);
    for (off_t i = 0; i < records; ++i) CHECK(put_record(writer));
    CHECK(look.act(writer, other));
    if (!has_records(look.size)) return false;
    close(writer);  // unless the look did
    CHECK(close(other) == 0);
    if (!has_records(look.size)) return false;
    CHECK(unlink(scratch) == 0);
    return true;
}

bool seen_at_once() {
    bool good = true;
    for (const Look& look : looks) {
        if (looks_right(look)) continue;
        printf("# %s\n", look.text);
        good = false;
    }
    return good;
}

/// A program that was written in small pieces is whole when it is started.
bool program_in_small_pieces() {
    const int from = open("sostest", O_RDONLY);
    const int to = open(scratch, O_WRONLY | O_CREAT | O_TRUNC, 0700);
    CHECK(from >= 0 && to >= 0);
    char piece[500];
    for (ssize_t got; (got = read(from, piece, sizeof piece)) > 0;) {
        CHECK(write(to, piece, static_cast<std::size_t>(got)) == got);
    }
    CHECK(size_of(from) == size_of(to) && close(from) == 0 && close(to) == 0);
    char command[] = "sostest.tmp --role exit 7";
    const pid_t pid = sos_process_create(command);
    int status;
    CHECK(pid >= 0 && waitpid(pid, &status, 0) == pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7 && unlink(scratch) == 0);
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
    {"WINDOW_0008", seen_at_once, "what was written in small pieces is not seen at once"},
    {"WINDOW_0009", program_in_small_pieces, "a program written in small pieces does not run"},
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

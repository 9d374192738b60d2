// SPDX-License-Identifier: BSD-2-Clause
// Files and the console, as sos-level calls and libc's show them.
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.hpp"

namespace sostest {
namespace {

constexpr const char* scratch = "sostest.tmp";

/// Different at each place, with no period that a page or a transfer has.
char byte_at(std::size_t n) {
    return static_cast<char>((n * 2654435761u) >> 11);
}

bool write_pattern(int file, std::size_t size, char* buffer, std::size_t piece) {
    for (std::size_t done = 0; done < size;) {
        const std::size_t part = size - done < piece ? size - done : piece;
        for (std::size_t i = 0; i < part; ++i) buffer[i] = byte_at(done + i);
        const ssize_t written = write(file, buffer, part);
        CHECK(written > 0);
        done += static_cast<std::size_t>(written);
    }
    return true;
}

bool read_pattern(int file, std::size_t size, char* buffer, std::size_t piece) {
    std::size_t done = 0;
    for (;;) {
        const ssize_t got = read(file, buffer, piece);
        CHECK(got >= 0);
        if (got == 0) break;
        for (ssize_t i = 0; i < got; ++i) {
            CHECK(buffer[i] == byte_at(done + static_cast<std::size_t>(i)));
        }
        done += static_cast<std::size_t>(got);
    }
    CHECK(done == size);
    return true;
}

bool round_trip(std::size_t size, std::size_t piece) {
    char* buffer = static_cast<char*>(malloc(piece));
    CHECK(buffer != nullptr);
    int file = open(scratch, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK(file >= 0);
    if (!write_pattern(file, size, buffer, piece)) return false;
    CHECK(close(file) == 0);
    struct stat status;
    CHECK(stat(scratch, &status) == 0);
    CHECK(static_cast<std::size_t>(status.st_size) == size && S_ISREG(status.st_mode));
    file = open(scratch, O_RDONLY);
    CHECK(file >= 0);
    if (!read_pattern(file, size, buffer, piece)) return false;
    CHECK(close(file) == 0);
    free(buffer);
    return true;
}

bool sizes() {
    for (const std::size_t size : {0u, 1u, 4095u, 4096u, 4097u, 6143u, 6144u, 6145u, 1u << 20}) {
        for (const std::size_t piece : {512u, 4096u, 65536u}) {
            if (round_trip(size, piece)) continue;
            printf("# size %zu in pieces of %zu\n", size, piece);
            return false;
        }
    }
    CHECK(unlink(scratch) == 0);
    return true;
}

bool odd_pieces() {
    CHECK(round_trip(5000, 1));
    CHECK(round_trip(9000, 3));
    CHECK(round_trip(300'000, 4095));
    CHECK(round_trip(300'000, 4097));
    CHECK(round_trip(20u << 20, 1u << 20));
    CHECK(unlink(scratch) == 0);
    return true;
}

bool one_large_write() {
    constexpr std::size_t size = 10'000'000;
    char* data = static_cast<char*>(
        mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    CHECK(data != MAP_FAILED);
    const int file = sos_open(scratch, O_RDWR | O_TRUNC);
    CHECK(file >= 0);
    // Never touched, so it reads as zeroes.
    CHECK(sos_write(file, data, size) == static_cast<int>(size));
    memset(data, 'x', size);
    CHECK(lseek(file, 0, SEEK_SET) == 0);
    CHECK(sos_read(file, data, size) == static_cast<int>(size));
    for (std::size_t i = 0; i < size; ++i) CHECK(data[i] == 0);
    CHECK(sos_read(file, data, 1) == 0);
    CHECK(sos_close(file) == 0 && unlink(scratch) == 0);
    return true;
}

bool read_only_memory() {
    static const char constant[] = "constant";
    int file = sos_open(scratch, O_RDWR | O_TRUNC);
    CHECK(file >= 0);
    CHECK(sos_write(file, constant, sizeof(constant)) == sizeof(constant));
    CHECK(sos_write(file, reinterpret_cast<const char*>(&read_only_memory), 16) == 16);
    char back[sizeof(constant)];
    CHECK(lseek(file, 0, SEEK_SET) == 0);
    CHECK(sos_read(file, back, sizeof(back)) == sizeof(back));
    CHECK(strcmp(back, constant) == 0);
    CHECK(sos_close(file) == 0 && unlink(scratch) == 0);
    return true;
}

bool access_modes() {
    char byte = 'a';
    int file = sos_open(scratch, O_WRONLY | O_TRUNC);
    CHECK(file >= 0);
    CHECK(sos_write(file, &byte, 1) == 1);
    CHECK(sos_read(file, &byte, 1) == -1 && errno == EBADF);
    CHECK(sos_close(file) == 0);
    file = sos_open(scratch, O_RDONLY);
    CHECK(file >= 0);
    CHECK(sos_write(file, &byte, 1) == -1 && errno == EBADF);
    CHECK(sos_read(file, nullptr, 0) == 0);
    CHECK(sos_read(file, &byte, ~0ul) == -1);
    CHECK(sos_read(file, &byte, 1) == 1 && byte == 'a');
    CHECK(sos_read(file, &byte, 1) == 0);
    CHECK(sos_close(file) == 0 && sos_close(file) == -1);
    CHECK(unlink(scratch) == 0);
    return true;
}

bool opens_create() {
    unlink(scratch);
    CHECK(open(scratch, O_RDONLY) == -1 && errno == ENOENT);  // libc's is POSIX
    int file = sos_open(scratch, O_RDONLY);
    CHECK(file >= 0 && sos_close(file) == 0);
    sos_stat_t status;
    CHECK(sos_stat(scratch, &status) == 0);
    CHECK(status.st_ctime > 1'600'000'000'000 &&
          status.st_atime > 1'600'000'000'000);  // ms, though <sys/stat.h> is here too
    CHECK(status.st_type == ST_FILE && status.st_size == 0);
    CHECK(status.st_fmode == (FM_READ | FM_WRITE));
    CHECK(open(scratch, O_RDWR | O_CREAT | O_EXCL, 0600) == -1 && errno == EEXIST);
    CHECK(unlink(scratch) == 0);
    CHECK(unlink(scratch) == -1 && errno == ENOENT);
    CHECK(sos_stat(scratch, &status) == -1);
    CHECK(sos_process_create(scratch) == -1);
    CHECK(sos_stat(scratch, &status) == -1);  // neither stat nor create made it
    return true;
}

bool append_and_truncate() {
    int file = open(scratch, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK(file >= 0 && write(file, "0123456789", 10) == 10 && close(file) == 0);
    file = open(scratch, O_WRONLY | O_APPEND);
    CHECK(file >= 0 && write(file, "ab", 2) == 2 && close(file) == 0);
    file = open(scratch, O_RDWR);
    CHECK(file >= 0);
    char back[16] = {};
    CHECK(read(file, back, sizeof(back)) == 12 && memcmp(back, "0123456789ab", 12) == 0);
    CHECK(ftruncate(file, 3) == 0);
    CHECK(pread(file, back, sizeof(back), 0) == 3);
    CHECK(ftruncate(file, 6) == 0);
    CHECK(pread(file, back, sizeof(back), 0) == 6 && memcmp(back, "012\0\0\0", 6) == 0);
    CHECK(pwrite(file, "Z", 1, 8) == 1);
    CHECK(lseek(file, 0, SEEK_END) == 9);
    CHECK(close(file) == 0);
    file = open(scratch, O_WRONLY | O_TRUNC);
    struct stat status;
    CHECK(file >= 0 && fstat(file, &status) == 0 && status.st_size == 0);
    CHECK(close(file) == 0 && unlink(scratch) == 0);
    return true;
}

bool table_full() {
    static int files[PROCESS_MAX_FILES + 1];
    int count = 0;
    for (; count <= PROCESS_MAX_FILES; ++count) {
        files[count] = sos_open(scratch, O_RDWR);
        if (files[count] < 0) break;
    }
    CHECK(errno == EMFILE);
    CHECK(count >= PROCESS_MAX_FILES - 4 && count < PROCESS_MAX_FILES);
    CHECK(sos_close(files[count / 2]) == 0);
    files[count / 2] = sos_open(scratch, O_RDWR);
    CHECK(files[count / 2] >= 0);
    for (int i = 0; i < count; ++i) CHECK(sos_close(files[i]) == 0);
    const int again = sos_open(scratch, O_RDWR);
    CHECK(again == files[0]);  // the lowest free one
    CHECK(sos_close(again) == 0 && unlink(scratch) == 0);
    return true;
}

bool left_open_files_are_closed() {
    for (int i = 0; i < 50; ++i) CHECK(sos_open("motd", O_RDONLY) >= 0);
    return true;  // and main.cpp finds as many open files as before
}

bool entries_by_position() {
    char name[256];
    int count = 0;
    bool found = false;
    for (;; ++count) {
        const int bytes = sos_getdirent(count, name, sizeof(name));
        CHECK(bytes >= 0);
        if (bytes == 0) break;
        CHECK(memchr(name, '\0', sizeof(name)) != nullptr);
        if (strcmp(name, "sostest") == 0) found = true;
    }
    CHECK(found && count > 2);
    CHECK(sos_getdirent(count + 1, name, sizeof(name)) == -1);
    CHECK(sos_getdirent(-1, name, sizeof(name)) == -1);
    strcpy(name, "untouched");
    CHECK(sos_getdirent(0, name, 0) == -1 && strcmp(name, "untouched") == 0);
    memset(name, 'x', sizeof(name));
    CHECK(sos_getdirent(0, name, 2) >= 1 && name[1] == '\0' && name[2] == 'x');
    return true;
}

bool folders() {
    CHECK(mkdir("sostest.dir", 0700) == 0);
    CHECK(mkdir("sostest.dir", 0700) == -1 && errno == EEXIST);
    CHECK(chdir("sostest.dir") == 0);
    char where[64];
    CHECK(getcwd(where, sizeof(where)) != nullptr && strcmp(where, "/sostest.dir") == 0);
    const int file = open("inside", O_WRONLY | O_CREAT, 0600);
    CHECK(file >= 0 && close(file) == 0);
    CHECK(rename("inside", "/sostest.dir/renamed") == 0);
    CHECK(chdir("..") == 0);
    CHECK(rmdir("sostest.dir") == -1 && errno == ENOTEMPTY);
    DIR* folder = opendir("sostest.dir");
    CHECK(folder != nullptr);
    int others = 0;
    bool found = false;
    while (const dirent* entry = readdir(folder)) {
        if (strcmp(entry->d_name, "renamed") == 0) found = true;
        if (entry->d_name[0] != '.' && strcmp(entry->d_name, "renamed") != 0) ++others;
    }
    CHECK(closedir(folder) == 0 && found && others == 0);
    CHECK(unlink("sostest.dir/renamed") == 0 && rmdir("sostest.dir") == 0);
    CHECK(chdir("sostest.dir") == -1 && errno == ENOENT);
    return true;
}

bool duplicates() {
    const int file = open(scratch, O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK(file >= 0);
    const int copy = dup(file);
    CHECK(copy >= 0 && copy != file);
    CHECK(write(file, "ab", 2) == 2 && write(copy, "cd", 2) == 2);
    CHECK(dup2(file, 100) == 100);
    CHECK(lseek(100, 0, SEEK_CUR) == 4);
    CHECK(close(file) == 0 && close(copy) == 0);
    char back[4];
    CHECK(pread(100, back, 4, 0) == 4 && memcmp(back, "abcd", 4) == 0);
    CHECK(close(100) == 0 && unlink(scratch) == 0);
    return true;
}

bool console() {
    sos_stat_t status;
    CHECK(sos_stat("console", &status) == 0 && status.st_type == ST_SPECIAL);
    const int file = sos_open("console", O_WRONLY);
    CHECK(file >= 3);
    CHECK(sos_write(file, "# console\n", 10) == 10);
    char byte;
    CHECK(sos_read(file, &byte, 1) == -1);
    CHECK(sos_close(file) == 0);
    CHECK(isatty(STDOUT_FILENO) == 1);
    CHECK(sos_write(STDOUT_FILENO, "", 0) == 0);
    return true;
}

bool streams() {
    FILE* file = fopen(scratch, "w+");
    CHECK(file != nullptr);
    for (int i = 0; i < 5000; ++i) CHECK(fprintf(file, "line %d\n", i) > 0);
    rewind(file);
    char line[32];
    char wanted[32];
    for (int i = 0; i < 5000; ++i) {
        CHECK(fgets(line, sizeof(line), file) != nullptr);
        snprintf(wanted, sizeof(wanted), "line %d\n", i);
        CHECK(strcmp(line, wanted) == 0);
    }
    CHECK(fgets(line, sizeof(line), file) == nullptr && feof(file));
    CHECK(fclose(file) == 0 && unlink(scratch) == 0);
    char name[] = "sostest.XXXXXX";
    const int temporary = mkstemp(name);
    CHECK(temporary >= 0 && close(temporary) == 0 && unlink(name) == 0);
    return true;
}

constexpr Case cases[] = {
    {"FILE_0001", sizes, "files of edge sizes differ after writing and reading"},
    {"FILE_0002", odd_pieces, "odd transfers lose or change bytes"},
    {"FILE_0003", one_large_write, "one transfer of 10 MB is not whole"},
    {"FILE_0004", read_only_memory, "writing from read-only memory fails"},
    {"FILE_0005", access_modes, "access modes are not honoured"},
    {"FILE_0006", opens_create,
     "files are created when they should not be, or not when they should"},
    {"FILE_0007", append_and_truncate, "appending or truncating goes wrong"},
    {"FILE_0008", table_full, "a full descriptor table does not recover"},
    {"FILE_0009", left_open_files_are_closed, "opening many files fails"},
    {"FILE_0010", entries_by_position, "sos_getdirent goes wrong"},
    {"FILE_0011", folders, "folders go wrong"},
    {"FILE_0012", duplicates, "dup goes wrong"},
    {"FILE_0013", console, "the console is not the file it should be"},
    {"FILE_0014", streams, "libc's streams go wrong"},
};

}  // namespace

constinit const std::span<const Case> file_cases{cases};

}  // namespace sostest

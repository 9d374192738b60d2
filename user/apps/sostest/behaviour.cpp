// SPDX-License-Identifier: BSD-2-Clause
// What each call on files answers, as a table: the call with its arguments, its result, and errno
// when that is -1. The rows are done in this order, in a folder of their own, and each may build on
// those before it.
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "test.hpp"

namespace sostest {

namespace {

struct Row {
    const char* text;
    long (*act)();
    long result;
    int error = 0;
};

char buffer[64];
char long_path[5000];
char winding_path[4097];  // "./././/f" with 4096 bytes
int fd = -1;              // of the file that the rows are about
int other = -1;           // of the same file, by dup

constexpr long any_descriptor = -2;  // stands for every one but those of standard output

int opened(const char* path, int flags) {
    return open(path, flags, 0644);
}

/// Opens, closes, and tells only how that went.
long tried(const char* path, int flags) {
    const int file = opened(path, flags);
    if (file < 0) return -1;
    return close(file);
}

long size_of(const char* path) {
    struct stat status;
    return stat(path, &status) == 0 ? status.st_size : -1;
}

constexpr Row opening[] = {
    {"open a missing file", [] { return tried("none", O_RDONLY); }, -1, ENOENT},
    {"for writing", [] { return tried("none", O_WRONLY); }, -1, ENOENT},
    {"in a missing folder", [] { return tried("none/f", O_WRONLY | O_CREAT); }, -1, ENOENT},
    {"the empty path", [] { return tried("", O_RDONLY); }, -1, ENOENT},
    {"create", [] { return tried("f", O_WRONLY | O_CREAT); }, 0},
    {"create again", [] { return tried("f", O_WRONLY | O_CREAT); }, 0},
    {"only if new", [] { return tried("f", O_WRONLY | O_CREAT | O_EXCL); }, -1, EEXIST},
    {"below a file", [] { return tried("f/g", O_RDONLY); }, -1, ENOTDIR},
    {"a file as a folder", [] { return tried("f", O_RDONLY | O_DIRECTORY); }, -1, ENOTDIR},
    {"access mode 3", [] { return tried("f", 3); }, -1, EINVAL},
    {"no name but slashes and dots", [] { return tried("/../.", O_RDONLY); }, 0},
    {"a folder for writing", [] { return tried("/", O_WRONLY); }, -1, EISDIR},
    {"a path of 4999 bytes", [] { return tried(long_path, O_RDONLY); }, -1, ENAMETOOLONG},
    {"a path of 4096 bytes", [] { return tried(winding_path, O_RDONLY); }, -1, ENAMETOOLONG},
    {"one of 4095", [] { return tried(winding_path + 1, O_RDONLY); }, -1, ENOENT},
    {"one of 4094 that leads somewhere", [] { return tried(winding_path + 2, O_RDONLY); }, 0},
    {"a name of 256 bytes", [] { return tried(long_path + 5000 - 257, O_RDONLY); }, -1,
     ENAMETOOLONG},
    {"a name of 255 bytes", [] { return tried(long_path + 5000 - 256, O_RDONLY); }, -1, ENOENT},
    {"no path", [] { return tried(nullptr, O_RDONLY); }, -1, EFAULT},
};

constexpr Row transferring[] = {
    {"open to read and write", [] { return long{fd = opened("f", O_RDWR)}; }, any_descriptor},
    {"write", [] { return write(fd, "0123456789", 10); }, 10},
    {"read at the end", [] { return read(fd, buffer, 5); }, 0},
    {"back to the start", [] { return lseek(fd, 0, SEEK_SET); }, 0},
    {"read", [] { return read(fd, buffer, 4); }, 4},
    {"the bytes", [] { return long{memcmp(buffer, "0123", 4)}; }, 0},
    {"tell", [] { return lseek(fd, 0, SEEK_CUR); }, 4},
    {"pread does not move", [] { return pread(fd, buffer, 3, 7); }, 3},
    {"tell again", [] { return lseek(fd, 0, SEEK_CUR); }, 4},
    {"pread over the end", [] { return pread(fd, buffer, 10, 8); }, 2},
    {"pread behind the end", [] { return pread(fd, buffer, 10, 100); }, 0},
    {"pread at a negative place", [] { return pread(fd, buffer, 1, -1); }, -1, EINVAL},
    {"pwrite at a negative place", [] { return pwrite(fd, buffer, 1, -1); }, -1, EINVAL},
    {"pwrite", [] { return pwrite(fd, "X", 1, 2); }, 1},
    {"dup", [] { return long{other = dup(fd)}; }, any_descriptor},
    {"the position is shared", [] { return lseek(other, 2, SEEK_SET); }, 2},
    {"by both", [] { return read(fd, buffer, 1); }, 1},
    {"and the contents", [] { return long{buffer[0]}; }, 'X'},
    {"close one", [] { return long{close(other)}; }, 0},
    {"the other is open", [] { return lseek(fd, 0, SEEK_END); }, 10},
    {"seek before the start", [] { return lseek(fd, -11, SEEK_CUR); }, -1, EINVAL},
    {"seek with no such whence", [] { return lseek(fd, 0, 9); }, -1, EINVAL},
    {"seek behind the end", [] { return lseek(fd, 20, SEEK_SET); }, 20},
    {"write there", [] { return write(fd, "Y", 1); }, 1},
    {"the hole", [] { return pread(fd, buffer, 64, 0); }, 21},
    {"reads as zeros", [] { return long{buffer[10] | buffer[19]}; }, 0},
    {"read nothing", [] { return read(fd, nullptr, 0); }, 0},
    {"write nothing", [] { return write(fd, nullptr, 0); }, 0},
    {"read to nowhere", [] { return pread(fd, reinterpret_cast<void*>(16), 4, 0); }, -1, EFAULT},
    {"write from nowhere", [] { return write(fd, reinterpret_cast<void*>(16), 4); }, -1, EFAULT},
    {"cut", [] { return long{ftruncate(fd, 3)}; }, 0},
    {"the size", [] { return lseek(fd, 0, SEEK_END); }, 3},
    {"grow", [] { return long{ftruncate(fd, 6)}; }, 0},
    {"the new bytes", [] { return pread(fd, buffer, 64, 0); }, 6},
    {"are zeros", [] { return long{memcmp(buffer, "01X\0\0", 6)}; }, 0},
    {"cut to less than nothing", [] { return long{ftruncate(fd, -1)}; }, -1, EINVAL},
    {"sync", [] { return long{fsync(fd)}; }, 0},
    {"stat tells the size", [] { return size_of("f"); }, 6},
    {"close", [] { return long{close(fd)}; }, 0},
    {"close twice", [] { return long{close(fd)}; }, -1, EBADF},
    {"read what is closed", [] { return read(fd, buffer, 1); }, -1, EBADF},
    {"sync what is closed", [] { return long{fsync(fd)}; }, -1, EBADF},
    {"dup what is closed", [] { return long{dup(fd)}; }, -1, EBADF},
};

constexpr Row modes[] = {
    {"open to read", [] { return long{fd = opened("f", O_RDONLY)}; }, any_descriptor},
    {"write to it", [] { return write(fd, "x", 1); }, -1, EBADF},
    {"cut it", [] { return long{ftruncate(fd, 0)}; }, -1, EINVAL},
    {"close it", [] { return long{close(fd)}; }, 0},
    {"open to write, emptied", [] { return long{fd = opened("f", O_WRONLY | O_TRUNC)}; },
     any_descriptor},
    {"read from it", [] { return read(fd, buffer, 1); }, -1, EBADF},
    {"it is empty", [] { return size_of("f"); }, 0},
    {"write three bytes", [] { return write(fd, "abc", 3); }, 3},
    {"close that", [] { return long{close(fd)}; }, 0},
    {"open to append", [] { return long{fd = opened("f", O_RDWR | O_APPEND)}; }, any_descriptor},
    {"seek to the start", [] { return lseek(fd, 0, SEEK_SET); }, 0},
    {"a write goes to the end", [] { return write(fd, "de", 2); }, 2},
    {"the position is behind it", [] { return lseek(fd, 0, SEEK_CUR); }, 5},
    {"all the bytes", [] { return pread(fd, buffer, 64, 0); }, 5},
    {"in order", [] { return long{memcmp(buffer, "abcde", 5)}; }, 0},
    {"remove it while it is open", [] { return long{unlink("f")}; }, 0},
    {"the name is gone", [] { return size_of("f"); }, -1, ENOENT},
    {"the bytes are not", [] { return pread(fd, buffer, 64, 0); }, 5},
    {"and can be written", [] { return write(fd, "f", 1); }, 1},
    {"close the last", [] { return long{close(fd)}; }, 0},
};

constexpr Row names[] = {
    {"make a folder", [] { return long{mkdir("d", 0755)}; }, 0},
    {"again", [] { return long{mkdir("d", 0755)}; }, -1, EEXIST},
    {"below what is missing", [] { return long{mkdir("none/d", 0755)}; }, -1, ENOENT},
    {"create a file in it", [] { return tried("d/f", O_WRONLY | O_CREAT); }, 0},
    {"remove the folder", [] { return long{rmdir("d")}; }, -1, ENOTEMPTY},
    {"remove the file as a folder", [] { return long{rmdir("d/f")}; }, -1, ENOTDIR},
    {"remove the folder as a file", [] { return long{unlink("d")}; }, -1, EISDIR},
    {"remove what is missing", [] { return long{unlink("d/none")}; }, -1, ENOENT},
    {"rename", [] { return long{rename("d/f", "d/g")}; }, 0},
    {"rename what is missing", [] { return long{rename("d/f", "d/g")}; }, -1, ENOENT},
    {"rename a file over its own folder", [] { return long{rename("d/g", "d")}; }, -1, ENOTEMPTY},
    {"another folder", [] { return long{mkdir("e", 0755)}; }, 0},
    {"rename a file over a folder", [] { return long{rename("d/g", "e")}; }, -1, EISDIR},
    {"rename a folder over a file", [] { return long{rename("e", "d/g")}; }, -1, ENOTDIR},
    {"rename a folder into itself", [] { return long{rename("e", "e/f")}; }, -1, EINVAL},
    {"rename a folder to its own name", [] { return long{rename("e", "e")}; }, 0},
    {"remove the other folder", [] { return long{rmdir("e")}; }, 0},
    {"go there", [] { return long{chdir("d")}; }, 0},
    {"go to a file", [] { return long{chdir("g")}; }, -1, ENOTDIR},
    {"go to what is missing", [] { return long{chdir("none")}; }, -1, ENOENT},
    {"a name from there", [] { return size_of("g"); }, 0},
    {"too little room for its path", [] { return getcwd(buffer, 2) == nullptr ? -1L : 0L; }, -1,
     ERANGE},
    {"its path", [] { return getcwd(buffer, sizeof(buffer)) == buffer ? 0L : -1L; }, 0},
    {"is this", [] { return long{strcmp(buffer, "/behaviour/d")}; }, 0},
    {"go back", [] { return long{chdir("..")}; }, 0},
    {"may it be read?", [] { return long{access("d/g", R_OK | W_OK)}; }, 0},
    {"may it be run?", [] { return long{access("d/g", X_OK)}; }, -1, EACCES},
    {"is it there?", [] { return long{access("none", F_OK)}; }, -1, ENOENT},
    {"list a file", [] { return opendir("d/g") == nullptr ? -1L : 0L; }, -1, ENOTDIR},
    {"the console is no folder", [] { return tried("console", O_RDONLY | O_DIRECTORY); }, -1,
     ENOTDIR},
    {"seek on the console", [] { return lseek(1, 0, SEEK_CUR); }, -1, ESPIPE},
    {"remove the file", [] { return long{unlink("d/g")}; }, 0},
    {"remove the empty folder", [] { return long{rmdir("d")}; }, 0},
};

bool holds(const Row& row) {
    errno = 0;
    const long result = row.act();
    const int error = errno;
    if (row.result == any_descriptor && (result == 0 || result >= 3)) return true;
    if (result == row.result && (result != -1 || error == row.error)) return true;
    printf("# %s: %ld, errno %d, not %ld, errno %d\n", row.text, result, error, row.result,
           row.error);
    return false;
}

bool all_hold(std::span<const Row> rows) {
    memset(long_path, 'n', sizeof(long_path) - 1);
    for (unsigned i = 0; i < 4096; ++i) winding_path[i] = i % 2 == 0 ? '.' : '/';
    winding_path[4094] = '/';
    winding_path[4095] = 'f';
    CHECK((mkdir("behaviour", 0755) == 0 || errno == EEXIST) && chdir("behaviour") == 0);
    bool good = true;
    for (const Row& row : rows) good = holds(row) && good;
    return good;
}

bool left_nothing() {
    unlink("behaviour/f");
    CHECK(rmdir("behaviour") == 0);
    return true;
}

constexpr Case cases[] = {
    {"FILE_0021", [] { return all_hold(opening); }, "open answers something else"},
    {"FILE_0022", [] { return all_hold(transferring); }, "a transfer answers something else"},
    {"FILE_0023", [] { return all_hold(modes); }, "a way of opening is not honoured"},
    {"FILE_0024", [] { return all_hold(names); }, "a call on names answers something else"},
    {"FILE_0025", left_nothing, "something is left behind"},
};

}  // namespace

constinit const std::span<const Case> behaviour_cases{cases};

}  // namespace sostest

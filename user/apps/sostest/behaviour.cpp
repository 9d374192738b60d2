// SPDX-License-Identifier: BSD-2-Clause
// What each call on files answers, as a table: the call with its arguments, its result, and errno
// when that is -1. The rows are done in this order, in a folder of their own, and each may build on
// those before it.
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
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

constexpr Row slashes[] = {
    {"make a file", [] { return tried("f", O_WRONLY | O_CREAT); }, 0},
    {"make a folder, named with a slash", [] { return long{mkdir("d/", 0755)}; }, 0},
    {"a file with a slash", [] { return tried("f/", O_RDONLY); }, -1, ENOTDIR},
    {"its size", [] { return size_of("f/"); }, -1, ENOTDIR},
    {"may it be read?", [] { return long{access("f/", R_OK)}; }, -1, ENOTDIR},
    {"remove it", [] { return long{unlink("f/")}; }, -1, ENOTDIR},
    {"below it", [] { return size_of("f/g"); }, -1, ENOTDIR},
    {"create with a slash", [] { return tried("none/", O_WRONLY | O_CREAT); }, -1, ENOENT},
    {"a folder with slashes", [] { return tried("d//", O_RDONLY | O_DIRECTORY); }, 0},
    {"many slashes", [] { return tried("..////behaviour///f", O_RDONLY); }, 0},
    {"above the root", [] { return tried("/../../behaviour/../../behaviour/f", O_RDONLY); }, 0},
    {"create over a folder", [] { return tried("d", O_RDONLY | O_CREAT); }, -1, EISDIR},
    {"a new one there", [] { return tried("d", O_RDWR | O_CREAT | O_EXCL); }, -1, EEXIST},
    {"empty a folder", [] { return tried("d", O_WRONLY | O_TRUNC); }, -1, EISDIR},
    {"cut a folder", [] { return long{truncate("d", 0)}; }, -1, EISDIR},
    {"cut what is missing", [] { return long{truncate("none", 0)}; }, -1, ENOENT},
    {"make the root", [] { return long{mkdir("/", 0755)}; }, -1, EEXIST},
    {"make nothing", [] { return long{mkdir("", 0755)}; }, -1, ENOENT},
    {"make where one is", [] { return long{mkdir("d/.", 0755)}; }, -1, EEXIST},
    {"make below a file", [] { return long{mkdir("f/d", 0755)}; }, -1, ENOTDIR},
    {"remove where one is", [] { return long{rmdir("d/.")}; }, -1, EINVAL},
    {"remove above", [] { return long{rmdir("d/..")}; }, -1, ENOTEMPTY},
    {"make what is missing", [] { return long{mkdir("none/.", 0755)}; }, -1, ENOENT},
    {"rename where one is", [] { return long{rename("d/.", "g")}; }, -1, EINVAL},
    {"rename to where one is", [] { return long{rename("d", "g/..")}; }, -1, EINVAL},
    {"the folder is still there", [] { return tried("d", O_RDONLY | O_DIRECTORY); }, 0},
    {"remove nothing", [] { return long{rmdir("")}; }, -1, ENOENT},
    {"rename nothing", [] { return long{rename("", "g")}; }, -1, ENOENT},
    {"rename to nothing", [] { return long{rename("f", "")}; }, -1, ENOENT},
    {"rename a file to its own name", [] { return long{rename("f", "./f")}; }, 0},
    {"rename a file to a folder's name", [] { return long{rename("f", "g/")}; }, -1, ENOTDIR},
    {"another folder", [] { return long{mkdir("e", 0755)}; }, 0},
    {"rename a folder over an empty one", [] { return long{rename("d", "e")}; }, 0},
    {"the old name is gone", [] { return size_of("d"); }, -1, ENOENT},
    {"put a file in it", [] { return tried("e/f", O_WRONLY | O_CREAT); }, 0},
    {"a third one", [] { return long{mkdir("d", 0755)}; }, 0},
    {"rename that over a full one", [] { return long{rename("d", "e")}; }, -1, ENOTEMPTY},
    {"rename a file over a file", [] { return long{rename("f", "e/f")}; }, 0},
    {"it has moved", [] { return size_of("f"); }, -1, ENOENT},
    {"go nowhere", [] { return long{chdir("")}; }, -1, ENOENT},
    {"no room for a path", [] { return getcwd(buffer, 0) == nullptr ? -1L : 0L; }, -1, EINVAL},
    {"one byte too few", [] { return getcwd(buffer, 10) == nullptr ? -1L : 0L; }, -1, ERANGE},
    {"just enough", [] { return getcwd(buffer, 11) == buffer ? 0L : -1L; }, 0},
    {"access of a kind unknown", [] { return long{access("e", 8)}; }, -1, EINVAL},
    {"where a file leads", [] { return long{readlink("e/f", buffer, 64)}; }, -1, EINVAL},
    {"remove the file", [] { return long{unlink("e/f")}; }, 0},
    {"remove the folders", [] { return long{rmdir("e/") | rmdir("d")}; }, 0},
};

const iovec pieces[] = {{buffer, 0}, {buffer, 3}, {buffer + 8, 0}, {buffer + 8, 4}};
const iovec endless[] = {{buffer, SSIZE_MAX}, {buffer, 1}};

constexpr Row vectors[] = {
    {"create", [] { return long{fd = opened("f", O_RDWR | O_CREAT | O_EXCL)}; }, any_descriptor},
    {"what to write", [] { return long{memcmp(strcpy(buffer, "abc-----defg"), "abc", 3)}; }, 0},
    {"write in pieces", [] { return writev(fd, pieces, 4); }, 7},
    {"no pieces", [] { return writev(fd, pieces, 0); }, 0},
    {"fewer than none", [] { return writev(fd, pieces, -1); }, -1, EINVAL},
    {"too many", [] { return writev(fd, pieces, IOV_MAX + 1); }, -1, EINVAL},
    {"too long", [] { return writev(fd, endless, 2); }, -1, EINVAL},
    {"only an empty one", [] { return writev(fd, pieces, 1); }, 0},
    {"the position", [] { return lseek(fd, 0, SEEK_CUR); }, 7},
    {"the bytes", [] { return pread(fd, buffer, 64, 0); }, 7},
    {"are these", [] { return long{memcmp(buffer, "abcdefg", 7)}; }, 0},
    {"read at the end", [] { return readv(fd, pieces, 4); }, 0},
    {"back", [] { return lseek(fd, 2, SEEK_SET); }, 2},
    {"read over the end", [] { return readv(fd, pieces, 4); }, 5},
    {"the first piece", [] { return long{memcmp(buffer, "cde", 3)}; }, 0},
    {"the last piece", [] { return long{memcmp(buffer + 8, "fg", 2)}; }, 0},
    {"read no pieces", [] { return readv(fd, pieces, 0); }, 0},
    {"read fewer", [] { return readv(fd, pieces, -1); }, -1, EINVAL},
    {"read too long", [] { return readv(fd, endless, 2); }, -1, EINVAL},
    {"read behind the end", [] { return preadv(fd, pieces, 4, 100); }, 0},
    {"read at a place", [] { return preadv(fd, pieces, 4, 1); }, 6},
    {"at a negative place", [] { return preadv(fd, pieces, 4, -1); }, -1, EINVAL},
    {"write at a place", [] { return pwritev(fd, pieces, 4, 10); }, 7},
    {"where it is", [] { return lseek(fd, 0, SEEK_END); }, 17},
    {"the furthest place", [] { return lseek(fd, LLONG_MAX, SEEK_END); }, -1, EOVERFLOW},
    {"before the start", [] { return lseek(fd, -18, SEEK_END); }, -1, EINVAL},
    {"far from the start", [] { return lseek(fd, LLONG_MIN, SEEK_CUR); }, -1, EINVAL},
    {"at the start, from the end", [] { return lseek(fd, -17, SEEK_END); }, 0},
    {"nothing at a negative place", [] { return pread(fd, buffer, 0, -1); }, -1, EINVAL},
    {"nothing behind the end", [] { return pwrite(fd, buffer, 0, 100); }, 0},
    {"which does not grow it", [] { return size_of("f"); }, 17},
    {"close", [] { return long{close(fd)}; }, 0},
    {"pieces of what is closed", [] { return readv(fd, pieces, 4); }, -1, EBADF},
    {"pieces to what is closed", [] { return writev(fd, pieces, 4); }, -1, EBADF},
    {"open a folder", [] { return long{fd = opened(".", O_RDONLY)}; }, any_descriptor},
    {"read it", [] { return read(fd, buffer, 4); }, -1, EISDIR},
    {"read it at a place", [] { return pread(fd, buffer, 4, 0); }, -1, EISDIR},
    {"write it", [] { return write(fd, buffer, 4); }, -1, EBADF},
    {"cut it", [] { return long{ftruncate(fd, 0)}; }, -1, EINVAL},
    {"close the folder", [] { return long{close(fd)}; }, 0},
    {"remove", [] { return long{unlink("f")}; }, 0},
};

constexpr Row numbers[] = {
    {"create", [] { return long{fd = opened("f", O_RDWR | O_CREAT | O_EXCL)}; }, any_descriptor},
    {"the same number", [] { return long{dup2(fd, fd)} - fd; }, 0},
    {"by dup3", [] { return long{dup3(fd, fd, 0)}; }, -1, EINVAL},
    {"the largest number", [] { return long{dup2(fd, 1023)}; }, 1023},
    {"write there", [] { return write(1023, "abc", 3); }, 3},
    {"the position is shared", [] { return lseek(fd, 0, SEEK_CUR); }, 3},
    {"close it", [] { return long{close(1023)}; }, 0},
    {"one more than that", [] { return long{dup2(fd, 1024)}; }, -1, EBADF},
    {"a negative one", [] { return long{dup2(fd, -1)}; }, -1, EBADF},
    {"of a closed one", [] { return long{dup2(1023, fd)}; }, -1, EBADF},
    {"of itself, closed", [] { return long{dup2(1023, 1023)}; }, -1, EBADF},
    {"that leaves the other", [] { return lseek(fd, 0, SEEK_CUR); }, 3},
    {"not below a number", [] { return long{other = fcntl(fd, F_DUPFD, 100)}; }, 100},
    {"the next", [] { return long{fcntl(fd, F_DUPFD, 100)}; }, 101},
    {"close both", [] { return long{close(100) | close(101)}; }, 0},
    {"not below too much", [] { return long{fcntl(fd, F_DUPFD, 1024)}; }, -1, EINVAL},
    {"how it was opened", [] { return long{fcntl(fd, F_GETFL) & O_ACCMODE}; }, O_RDWR},
    {"it stays as it was opened", [] { return long{fcntl(fd, F_SETFL, O_APPEND)}; }, -1,
     EOPNOTSUPP},
    {"what is not a command", [] { return long{fcntl(fd, 4711)}; }, -1, EINVAL},
    {"not a terminal", [] { return isatty(fd) == 0 ? -1L : 0L; }, -1, ENOTTY},
    {"close the file", [] { return long{close(fd)}; }, 0},
    {"remove", [] { return long{unlink("f")}; }, 0},
};

FILE* stream;

FILE* streamed(const char* mode) {
    return stream = fopen("f", mode);
}

long text_is(const char* wanted) {
    memset(buffer, 0, sizeof(buffer));
    const int file = opened("f", O_RDONLY);
    const ssize_t got = read(file, buffer, sizeof(buffer) - 1);
    close(file);
    return got < 0 ? -1 : strcmp(buffer, wanted);
}

constexpr Row streaming[] = {
    {"read a missing file", [] { return streamed("r") == nullptr ? -1L : 0L; }, -1, ENOENT},
    {"change a missing file", [] { return streamed("r+") == nullptr ? -1L : 0L; }, -1, ENOENT},
    {"no such mode", [] { return streamed("q") == nullptr ? -1L : 0L; }, -1, EINVAL},
    {"append and read creates", [] { return streamed("a+") == nullptr ? -1L : 0L; }, 0},
    {"it is empty", [] { return long{fgetc(stream)}; }, EOF},
    {"write", [] { return long{fputs("abcdef", stream) < 0}; }, 0},
    {"to the start", [] { return long{fseek(stream, 1, SEEK_SET)}; }, 0},
    {"read there", [] { return long{fgetc(stream)}; }, 'b'},
    {"put another back", [] { return long{ungetc('X', stream)}; }, 'X'},
    {"that is where one was", [] { return ftell(stream); }, 1},
    {"it comes again", [] { return long{fgetc(stream)}; }, 'X'},
    {"then what follows", [] { return long{fgetc(stream)}; }, 'c'},
    {"turn to writing", [] { return long{fseek(stream, 0, SEEK_SET)}; }, 0},
    {"which goes to the end", [] { return long{fputs("gh", stream) < 0}; }, 0},
    {"flush", [] { return long{fflush(stream)}; }, 0},
    {"where one is then", [] { return ftell(stream); }, 8},
    {"all of it", [] { return text_is("abcdefgh"); }, 0},
    {"before the start", [] { return long{fseek(stream, -1, SEEK_SET)}; }, -1, EINVAL},
    {"close", [] { return long{fclose(stream)}; }, 0},
    {"only if new", [] { return streamed("wx") == nullptr ? -1L : 0L; }, -1, EEXIST},
    {"change", [] { return streamed("r+") == nullptr ? -1L : 0L; }, 0},
    {"without a buffer", [] { return long{setvbuf(stream, nullptr, _IONBF, 0)}; }, 0},
    {"a byte", [] { return long{fputc('Y', stream)}; }, 'Y'},
    {"is there at once", [] { return text_is("Ybcdefgh"); }, 0},
    {"beyond the end", [] { return long{fseek(stream, 2, SEEK_END)}; }, 0},
    {"one more byte", [] { return long{fputc('Z', stream)}; }, 'Z'},
    {"made a hole", [] { return size_of("f"); }, 11},
    {"close again", [] { return long{fclose(stream)}; }, 0},
    {"only read", [] { return streamed("r") == nullptr ? -1L : 0L; }, 0},
    {"so do not write", [] { return long{fputc('Q', stream) == EOF}; }, 1},
    {"which is an error", [] { return long{ferror(stream) != 0}; }, 1},
    {"close the third time", [] { return long{fclose(stream)}; }, 0},
    {"anew", [] { return streamed("w") == nullptr ? -1L : 0L; }, 0},
    {"is empty", [] { return size_of("f"); }, 0},
    {"by lines", [] { return long{setvbuf(stream, nullptr, _IOLBF, 512)}; }, 0},
    {"half a line", [] { return long{fputs("one\ntw", stream) < 0}; }, 0},
    {"close what is left", [] { return long{fclose(stream)}; }, 0},
    {"the whole", [] { return text_is("one\ntw"); }, 0},
    {"a template that is none", [] { return long{mkstemp(strcpy(buffer, "fXXXXX"))}; }, -1, EINVAL},
    {"remove", [] { return long{unlink("f")}; }, 0},
};

DIR* listing;
long place;

long count_entries() {
    long count = 0;
    while (readdir(listing) != nullptr) ++count;
    return count;
}

constexpr Row listings[] = {
    {"list what is missing", [] { return opendir("none") == nullptr ? -1L : 0L; }, -1, ENOENT},
    {"files", [] { return tried("a", O_CREAT) | tried("b", O_CREAT) | tried("c", O_CREAT); }, 0},
    {"list", [] { return (listing = opendir(".")) == nullptr ? -1L : 0L; }, 0},
    {"these and two", [] { return count_entries(); }, 5},
    {"no more", [] { return count_entries(); }, 0},
    {"again", [] { return rewinddir(listing), count_entries(); }, 5},
    {"up to the second", [] { return rewinddir(listing), long{readdir(listing) == nullptr}; }, 0},
    {"where that is", [] { return place = telldir(listing), long{place < 0}; }, 0},
    {"the rest", [] { return count_entries(); }, 4},
    {"back there", [] { return seekdir(listing, place), count_entries(); }, 4},
    {"a new file", [] { return tried("e", O_CREAT); }, 0},
    {"is listed then", [] { return rewinddir(listing), count_entries(); }, 6},
    {"remove all", [] { return long{unlink("a") | unlink("b") | unlink("c") | unlink("e")}; }, 0},
    {"that too", [] { return rewinddir(listing), count_entries(); }, 2},
    {"close", [] { return long{closedir(listing)}; }, 0},
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
    {"FILE_0026", [] { return all_hold(slashes); }, "a path with slashes leads elsewhere"},
    {"FILE_0027", [] { return all_hold(vectors); }, "a transfer in pieces answers something else"},
    {"FILE_0028", [] { return all_hold(numbers); }, "a descriptor's number answers something else"},
    {"FILE_0029", [] { return all_hold(streaming); }, "a stream answers something else"},
    {"FILE_0030", [] { return all_hold(listings); }, "a listing answers something else"},
    {"FILE_0025", left_nothing, "something is left behind"},
};

}  // namespace

constinit const std::span<const Case> behaviour_cases{cases};

}  // namespace sostest

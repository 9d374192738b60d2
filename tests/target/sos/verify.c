// SPDX-License-Identifier: BSD-2-Clause
// verify write|read|skim|pour FILE SIZE PIECE: writes or reads a file of SIZE bytes in calls of
// PIECE bytes, byte n being a function of n, and prints how long it took. `skim` reads without
// looking at the bytes, `pour` writes any: these measure the system and not this program. The
// buffer is on the heap; `read` writes to all of it first, so that it is paged out where memory is
// short.
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sos.h>

enum { largest_piece = 64 << 20 };
static unsigned char* buffer;

// The host's side of this is in tests/system/scenario.py.
static unsigned char byte_at(uint64_t n) {
    return (unsigned char)((n * 2654435761u) >> 13);
}

static int fail(const char* what, uint64_t at) {
    printf("verify: %s at %llu\n", what, (unsigned long long)at);
    return 1;
}

static int write_all(int file, uint64_t size, size_t piece, int exact) {
    for (uint64_t at = 0; at < size;) {
        const size_t length = size - at < piece ? size - at : piece;
        for (size_t i = 0; exact && i < length; ++i) buffer[i] = byte_at(at + i);
        const ssize_t done = write(file, buffer, length);
        if (done <= 0) {
            perror("verify: write");
            return 1;
        }
        at += (uint64_t)done;
    }
    return 0;
}

static int read_all(int file, uint64_t size, size_t piece, int exact) {
    uint64_t at = 0;
    for (;;) {
        const ssize_t done = read(file, buffer, piece);
        if (done < 0) {
            perror("verify: read");
            return 1;
        }
        if (done == 0) break;
        for (ssize_t i = 0; exact && i < done; ++i) {
            if (buffer[i] != byte_at(at + (uint64_t)i)) return fail("wrong byte", at + (uint64_t)i);
        }
        at += (uint64_t)done;
    }
    return at == size ? 0 : fail("wrong end", at);
}

int main(int argc, char** argv) {
    if (argc != 5) return 2;
    const int exact = strcmp(argv[1], "write") == 0 || strcmp(argv[1], "read") == 0;
    const int writing = strcmp(argv[1], "write") == 0 || strcmp(argv[1], "pour") == 0;
    const uint64_t size = strtoull(argv[3], NULL, 10);
    const size_t piece = strtoul(argv[4], NULL, 10);
    if (piece == 0 || piece > largest_piece) return 2;
    buffer = malloc(piece);
    if (buffer == NULL) {
        perror("verify");
        return 1;
    }
    if (exact && !writing) memset(buffer, 0x55, piece);

    const int file = open(argv[2], writing ? O_WRONLY | O_CREAT | O_TRUNC : O_RDONLY, 0644);
    if (file < 0) {
        perror(argv[2]);
        return 1;
    }
    const int64_t begin = sos_time_stamp();
    if (writing ? write_all(file, size, piece, exact) : read_all(file, size, piece, exact))
        return 1;
    if (close(file) != 0) {
        perror("verify: close");
        return 1;
    }
    const int64_t taken = sos_time_stamp() - begin;
    printf("verify: %llu bytes, %lld us\n", (unsigned long long)size, (long long)taken);
    return 0;
}

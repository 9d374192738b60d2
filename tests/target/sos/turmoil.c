// SPDX-License-Identifier: BSD-2-Clause
// turmoil IN OUT SIZE KIBIBYTES SECONDS: copies a file of SIZE bytes again and again, each time in
// one call to read and one to write, and in between writes to and verifies KIBIBYTES of its heap.
// Byte n of the file is a function of n (verify.c); what is read is compared with that, as is what
// the heap has. The buffer begins in the middle of a page, and is dirty before it is read into.
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sos.h>

enum { page_size = 4096, words = page_size / 8 };

static uint64_t* heap;
static size_t pages;
static uint64_t version;

static unsigned char byte_at(uint64_t n) {
    return (unsigned char)((n * 2654435761u) >> 13);
}

static uint64_t word_at(size_t n) {
    return (n + version * 7919) * 0x9e3779b97f4a7c15;
}

static void fill_heap(void) {
    version++;
    for (size_t i = 0; i < pages * words; i++) heap[i] = word_at(i);
}

static int check_heap(void) {
    for (size_t i = 0; i < pages * words; i++) {
        if (heap[i] != word_at(i)) return printf("turmoil: heap is WRONG at word %zu\n", i), 1;
    }
    return 0;
}

static int fail(const char* what) {
    perror(what);
    return 1;
}

static int copy(const char* from, const char* to, unsigned char* buffer, size_t size) {
    const int in = open(from, O_RDONLY);
    if (in < 0) return fail(from);
    memset(buffer, 0x55, size);
    fill_heap();
    if (read(in, buffer, size) != (ssize_t)size) return fail("turmoil: read");
    close(in);
    if (check_heap()) return 1;
    for (size_t i = 0; i < size; i++) {
        if (buffer[i] != byte_at(i)) return printf("turmoil: read is WRONG at %zu\n", i), 1;
    }
    const int out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (out < 0) return fail(to);
    fill_heap();
    if (write(out, buffer, size) != (ssize_t)size) return fail("turmoil: write");
    if (close(out) != 0) return fail("turmoil: close");
    return check_heap();
}

int main(int argc, char** argv) {
    if (argc != 6) return 2;
    const size_t size = strtoul(argv[3], NULL, 10);
    pages = strtoul(argv[4], NULL, 10) / 4;
    unsigned char* const buffer = malloc(size + page_size);
    heap = malloc(pages * page_size);
    if (buffer == NULL || heap == NULL) return fail("turmoil");
    const int64_t end = sos_time_stamp() + strtoll(argv[5], NULL, 10) * 1000000;
    int rounds = 0;
    do {
        if (copy(argv[1], argv[2], buffer + page_size / 2 + 1, size)) return 1;
        rounds++;
    } while (sos_time_stamp() < end);
    printf("turmoil: %d rounds, all as written\n", rounds);
    return 0;
}

// SPDX-License-Identifier: BSD-2-Clause
// together PAGES ROUNDS COPIES: shares so many pages with COPIES children, each of which has one
// word in every page, and counts it up ROUNDS times, in an order of its own; one more child is
// killed while it does. In the end every word must be what its process made of it.
#include <errno.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sos.h>

enum { page_size = 4096, words = page_size / 8, name_word = words - 1 };

static volatile uint64_t* area;

static volatile uint64_t* word_of(size_t page, size_t index) {
    return area + page * words + index;
}

static int share(size_t pages) {
    void* const at = mmap((void*)0x2000000000, pages * page_size, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    area = at;
    if (at == MAP_FAILED) return 1;
    for (size_t i = 0; i < pages; i++) *word_of(i, name_word) = i;
    return sos_share_vm(at, pages * page_size, 1) != 0;
}

static int count(size_t pages, uint64_t rounds, size_t index) {
    for (uint64_t round = 1; round <= rounds; round++) {
        for (size_t i = 0; i < pages; i++) {
            // All pages, in strides that differ: 1, 3, 5, ... have no factor in common with 2^n.
            const size_t page = i * (2 * index + 1) % pages;
            if (*word_of(page, name_word) != page || *word_of(page, index) != round - 1) {
                printf("together: page %zu is %" PRIu64 ": word %zu is %" PRIu64
                       " instead of %" PRIu64 "\n",
                       page, *word_of(page, name_word), index, *word_of(page, index), round - 1);
                return 1;
            }
            *word_of(page, index) = round;
        }
    }
    return 0;
}

extern char** environ;

static pid_t start(char* pages, char* rounds, size_t index) {
    char text[16];
    snprintf(text, sizeof text, "%zu", index);
    char* arguments[] = {"together", pages, rounds, "child", text, NULL};
    pid_t pid;
    errno = posix_spawn(&pid, "together", NULL, NULL, arguments, environ);
    if (errno == 0) return pid;
    perror("together: spawn");
    return -1;
}

int main(int argc, char** argv) {
    if (argc < 4) return 2;
    const size_t pages = strtoul(argv[1], NULL, 10);  // a power of two
    const uint64_t rounds = strtoull(argv[2], NULL, 10);
    if (share(pages) != 0) return perror("together"), 2;
    if (argc == 5) return count(pages, rounds, strtoul(argv[4], NULL, 10));

    const size_t copies = strtoul(argv[3], NULL, 10);
    for (size_t i = 0; i < copies; i++) start(argv[1], argv[2], i);
    const pid_t victim = start(argv[1], "1000000", copies);
    int status, failed = 0;
    for (size_t i = 0; i < copies; i++) {
        if (wait(&status) < 0 || status != 0) failed = 1;
        if (i == 0 && sos_process_delete(victim) != 0) failed = 1;
        if (i == 0 && sos_process_wait(victim) != victim) failed = 1;
    }
    for (size_t i = 0; i < copies * pages; i++) {
        if (*word_of(i / copies, i % copies) != rounds) failed = 1;
    }
    printf("together: %zu pages, %zu copies, %s\n", pages, copies, failed ? "WRONG" : "all right");
    return failed;
}

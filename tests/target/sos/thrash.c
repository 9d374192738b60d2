// SPDX-License-Identifier: BSD-2-Clause
// thrash HEAP[,STACK] ROUNDS [COPIES]: writes a heap and a stack of so many KiB and verifies them,
// page by page, ROUNDS times over, each time in sequence, in stride and at random. Every word of a
// page depends on where it is, on the process, and on how often the page was written. With COPIES,
// so many processes do it at once. Prints one line; status 1 when a page has not what was written
// to it.
#include <errno.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { page_size = 4096, words = page_size / 8 };

static char *heap, *stack;  // at page borders
static uint32_t* versions;  // how often each page was written
static size_t heap_pages, pages;
static uint64_t key;

static uint64_t mix(uint64_t value) {
    value ^= value >> 31;
    value *= 0x9e3779b97f4a7c15;
    return value ^ value >> 29;
}

static uint64_t word_of(size_t page, size_t index) {
    return mix(key + page * words + index + ((uint64_t)versions[page] << 40));
}

/// Checks what the page has and, every second time, writes it anew.
static int visit(size_t page, int write) {
    char* const address =
        page < heap_pages ? heap + page * page_size : stack + (page - heap_pages) * page_size;
    uint64_t* const at = (uint64_t*)address;
    for (size_t i = 0; versions[page] > 0 && i < words; i++) {
        if (at[i] == word_of(page, i)) continue;
        printf("thrash: page %zu word %zu version %u: %" PRIx64 " instead of %" PRIx64 "\n", page,
               i, versions[page], at[i], word_of(page, i));
        return 1;
    }
    for (size_t i = 0; versions[page] == 0 && i < words; i++) {
        if (at[i] != 0) return printf("thrash: page %zu is not zero\n", page), 1;
    }
    if (!write) return 0;
    versions[page]++;
    for (size_t i = 0; i < words; i++) at[i] = word_of(page, i);
    return 0;
}

static int one_round(uint64_t* random) {
    for (size_t i = 0; i < pages; i++) {
        if (visit(i, 1)) return 1;
    }
    const size_t stride = 7;
    for (size_t first = 0; first < stride; first++) {
        for (size_t i = first; i < pages; i += stride) {
            if (visit(i, i % 2 == 0)) return 1;
        }
    }
    for (size_t i = 0; i < pages; i++) {
        *random = mix(*random + 1);
        if (visit(*random % pages, *random >> 20 & 1)) return 1;
    }
    return 0;
}

static char* page_border(char* memory) {
    return (char*)(((uintptr_t)memory + page_size - 1) & ~(uintptr_t)(page_size - 1));
}

static int thrash(size_t heap_kibibytes, size_t stack_kibibytes, int rounds) {
    /* Nothing was below here so far, so the lowest pages of this are as untouched as the heap's. */
    enum { touched_before = 16 * page_size };
    char below[stack_kibibytes * 1024 + touched_before];
    stack = page_border(below);
    heap_pages = heap_kibibytes / 4;
    pages = heap_pages + stack_kibibytes / 4;
    key = (uint64_t)getpid() << 32;
    uint64_t random = key + 1;
    versions = calloc(pages, sizeof *versions);
    char* const memory = sbrk((intptr_t)((heap_pages + 1) * page_size));
    if (versions == NULL || memory == (char*)-1) {
        perror("thrash");
        return 2;
    }
    heap = page_border(memory);
    for (int round = 0; round < rounds; round++) {
        if (one_round(&random)) return 1;
    }
    printf("thrash: %zu pages, %d rounds, all as written\n", pages, rounds);
    return 0;
}

extern char** environ;

static int thrash_together(char* sizes, char* rounds, int copies) {
    char* arguments[] = {"thrash", sizes, rounds, NULL};
    int failed = 0;
    for (int i = 0; i < copies; i++) {
        pid_t pid;
        errno = posix_spawn(&pid, "thrash", NULL, NULL, arguments, environ);
        if (errno != 0) perror("thrash: spawn"), failed = 1;
    }
    int status;
    while (wait(&status) > 0) failed |= status != 0;
    printf("thrash: %d copies %s\n", copies, failed ? "FAILED" : "are done");
    return failed;
}

int main(int argc, char** argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: thrash HEAP[,STACK] ROUNDS [COPIES]\n");
        return 2;
    }
    if (argc > 3) return thrash_together(argv[1], argv[2], atoi(argv[3]));
    char* end;
    const size_t heap_kibibytes = strtoul(argv[1], &end, 10);
    return thrash(heap_kibibytes, *end == ',' ? strtoul(end + 1, NULL, 10) : 0, atoi(argv[2]));
}

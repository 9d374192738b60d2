// SPDX-License-Identifier: BSD-2-Clause
/*
 * bench [calls|memory|process|faults|paging MIB|files FILE ...]: measures, and prints "NAME VALUE"
 * lines; the unit is the last part of the name. Cycles are of the CPU's cycle counter, times of
 * SOS's clock. Without an argument: everything but files.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sos.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utils/util.h>

#include "instructions.h"

static uint64_t cycles(void) {
    uint64_t now;
    __asm__ volatile("isb\n\tmrs %0, pmccntr_el0" : "=r"(now)::"memory");
    return now;
}

static int failed(const char* what) {
    printf("bench: %s: %s\n", what, strerror(errno));
    return 1;
}

static void report(const char* name, uint64_t start_cycle, int64_t start_us, uint64_t count) {
    const uint64_t cycles_taken = cycles() - start_cycle;
    const int64_t us = sos_time_stamp() - start_us;
    printf("%s_cycles %" PRIu64 "\n", name, cycles_taken / count);
    printf("%s_ns %" PRIu64 "\n", name, (uint64_t)us * 1000 / count);
}

static int bench_calls(void) {
    enum { rounds = 20000 };
    for (int i = 0; i < 100; i++) sos_my_id();
    int64_t start = sos_time_stamp();
    uint64_t first = cycles();
    for (int i = 0; i < rounds; i++) sos_my_id();
    report("getpid", first, start, rounds);

    start = sos_time_stamp();
    first = cycles();
    for (int i = 0; i < rounds; i++) sos_time_stamp();
    report("time_stamp", first, start, rounds);

    start = sos_time_stamp();
    first = cycles();
    for (int i = 0; i < rounds; i++) close(-1);
    report("close_of_nothing", first, start, rounds);
    return 0;
}

static int bench_memory(void) {
    enum { pages = 2048 };
    char* memory = mmap(NULL, pages * PAGE_SIZE_4K, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return failed("mmap");
    int64_t start = sos_time_stamp();
    uint64_t first = cycles();
    for (size_t i = 0; i < pages; i++) memory[i * PAGE_SIZE_4K] = 1;
    report("first_touch", first, start, pages);
    start = sos_time_stamp();
    first = cycles();
    if (munmap(memory, pages * PAGE_SIZE_4K) != 0) return failed("munmap");
    report("unmap_touched_page", first, start, pages);

    enum { rounds = 500 };
    start = sos_time_stamp();
    first = cycles();
    for (int i = 0; i < rounds; i++) {
        memory =
            mmap(NULL, PAGE_SIZE_4K, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED || munmap(memory, PAGE_SIZE_4K) != 0) return failed("mmap");
    }
    report("mmap_munmap", first, start, rounds);
    return 0;
}

/* Touches the first byte of each page; with a name, tells what one touch takes in instructions, and
 * how many of them are the kernel's. */
static void touch_all(const char* name, volatile char* memory, size_t pages, int write) {
    const uint32_t first = instructions(), first_of_kernel = kernel_instructions();
    for (size_t i = 0; i < pages; i++) {
        if (write) {
            memory[i * PAGE_SIZE_4K] = 1;
        } else {
            (void)memory[i * PAGE_SIZE_4K];
        }
    }
    const uint32_t all = instructions() - first;
    const uint32_t of_kernel = kernel_instructions() - first_of_kernel;
    if (name == NULL) return;
    printf("%s %zu\n%s_kernel %zu\n", name, all / pages, name, of_kernel / pages);
}

/* The three kinds of fault that need no I/O, on a machine that counts instructions. */
static int bench_faults(void) {
    enum { pages = 1024, size = pages * PAGE_SIZE_4K };
    char* memory = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return failed("mmap");
    char* const second = memory + size;
    touch_all("first_touch", memory, pages, 1);
    /* New rights take the mappings away, as the clock does for a second chance. */
    if (mprotect(memory, size, PROT_READ) != 0 ||
        mprotect(memory, size, PROT_READ | PROT_WRITE) != 0) {
        return failed("mprotect");
    }
    touch_all("soft_fault", memory, pages, 0);
    touch_all(NULL, second, pages, 0);
    touch_all("dirty_fault", second, pages, 1);
    return 0;
}

static void report_rate(const char* name, uint64_t bytes, int64_t us) {
    const uint64_t hundredths = bytes * 100 / (uint64_t)MAX(us, 1);
    printf("%s %" PRIu64 ".%02" PRIu64 "\n", name, hundredths / 100, hundredths % 100);
}

/* A working set beyond the frames, written once and read once in sequence: megabytes a second. */
static int bench_paging(size_t mebibytes) {
    const size_t pages = mebibytes << 8;
    char* const memory = mmap(NULL, pages * PAGE_SIZE_4K, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return failed("mmap");
    int64_t start = sos_time_stamp();
    for (size_t i = 0; i < pages; i++) memset(memory + i * PAGE_SIZE_4K, (int)i, PAGE_SIZE_4K);
    report_rate("pageout_mbs", pages * PAGE_SIZE_4K, sos_time_stamp() - start);
    start = sos_time_stamp();
    for (size_t i = 0; i < pages; i++) {
        if (memory[i * PAGE_SIZE_4K + i % PAGE_SIZE_4K] == (char)i) continue;
        printf("bench: page %zu has changed\n", i);
        return 1;
    }
    report_rate("pagein_mbs", pages * PAGE_SIZE_4K, sos_time_stamp() - start);
    return 0;
}

static int by_size(const void* left, const void* right) {
    const uint64_t a = *(const uint64_t*)left, b = *(const uint64_t*)right;
    return (a > b) - (a < b);
}

/*
 * The usual number of instructions of an operation, which returns 0 when it has failed, and how
 * many of them are the kernel's: medians of many rounds, after some that fill caches.
 */
static int report_median(const char* name, int (*operation)(void)) {
    enum { warm_up = 5, rounds = 41 };
    static uint64_t taken[rounds], of_kernel[rounds];
    for (int i = 0; i < warm_up + rounds; i++) {
        const uint32_t first_of_kernel = kernel_instructions(), first = instructions();
        if (!operation()) return failed(name);
        if (i < warm_up) continue;
        taken[i - warm_up] = instructions() - first;
        of_kernel[i - warm_up] = kernel_instructions() - first_of_kernel;
    }
    qsort(taken, rounds, sizeof(taken[0]), by_size);
    qsort(of_kernel, rounds, sizeof(of_kernel[0]), by_size);
    printf("\n%s %" PRIu64 "\n%s_kernel %" PRIu64 "\n", name, taken[rounds / 2], name,
           of_kernel[rounds / 2]);
    return 0;
}

static int spawn_and_wait(void) {
    static char* const arguments[] = {"true", NULL};
    pid_t pid;
    int status;
    errno = posix_spawn(&pid, "true", NULL, NULL, arguments, environ);
    return errno == 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static int ask_for_pid(void) {
    return sos_my_id() >= 0;
}

static int opened;

/* What a program does that copies a file to the console by the byte. */
static int copy_a_byte(void) {
    char byte;
    if (read(opened, &byte, 1) != 1) return 0;
    return write(STDOUT_FILENO, &byte, 1) == 1;
}

static int ask_for_status(void) {
    sos_stat_t status;
    return sos_stat("bench", &status) == 0;
}

/* On a machine that counts instructions (-icount shift=0). */
static int bench_process(void) {
    opened = open("motd", O_RDONLY);
    if (opened < 0) return failed("motd");
    /* First, before anything has used FP registers: each switch pays for those. */
    int status = report_median("getpid", ask_for_pid);
    fflush(stdout);
    status |= report_median("spawn_wait", spawn_and_wait);
    status |= report_median("read1_console_write", copy_a_byte);
    status |= report_median("stat", ask_for_status);
    return status;
}

static int bench_file(const char* name) {
    static const size_t sizes[] = {4096, 65536, 1 << 20};
    static char buffer[1 << 20];
    for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
        const int file = open(name, O_RDONLY);
        if (file < 0) return failed(name);
        uint64_t bytes = 0;
        ssize_t got;
        const int64_t start = sos_time_stamp();
        while ((got = read(file, buffer, sizes[i])) > 0) bytes += (uint64_t)got;
        const int64_t us = sos_time_stamp() - start;
        if (got < 0) return failed(name);
        close(file);
        /* Bytes per microsecond are megabytes per second. */
        printf("read_%zuk_mb_per_s %" PRIu64 ".%02" PRIu64 "\n", sizes[i] / 1024,
               bytes / (uint64_t)MAX(us, 1), bytes * 100 / (uint64_t)MAX(us, 1) % 100);
    }
    return 0;
}

int main(int argc, char** argv) {
    start_counters();
    if (argc == 1) return bench_calls() | bench_memory() | bench_process();
    if (argc == 2 && strcmp(argv[1], "calls") == 0) return bench_calls();
    if (argc == 2 && strcmp(argv[1], "memory") == 0) return bench_memory();
    if (argc == 2 && strcmp(argv[1], "process") == 0) return bench_process();
    if (argc == 2 && strcmp(argv[1], "faults") == 0) return bench_faults();
    if (argc == 3 && strcmp(argv[1], "paging") == 0)
        return bench_paging(strtoul(argv[2], NULL, 10));
    if (argc >= 3 && strcmp(argv[1], "files") == 0) {
        int status = 0;
        for (int i = 2; i < argc; i++) status |= bench_file(argv[i]);
        return status;
    }
    fprintf(stderr, "usage: bench [calls|memory|process|faults|paging MIB|files FILE ...]\n");
    return 2;
}

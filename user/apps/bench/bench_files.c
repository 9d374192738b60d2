// SPDX-License-Identifier: BSD-2-Clause
/*
 * bench_files FOLDER FRESH RUN MEGABYTES: what files cost, on SOS and, built for it, on Linux: the
 * same calls in the same order. FOLDER holds coldRUN_SIZE for each SIZE below, which nobody has
 * read yet, uncachedRUN, and `probe`; FRESH is the same folder, mounted so that attributes are not
 * kept. Prints "NAME VALUE" lines: megabytes, or operations, a second.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { largest = 1 << 20, rounds = 300, random_reads = 200 };
static const size_t sizes[] = {512, 4096, 32768, 262144, largest};
static char buffer[largest] __attribute__((aligned(4096)));

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void fail(const char* what) {
    perror(what);
    exit(1);
}

/* Bytes a second of reading a whole file in calls of `size` bytes. */
static double read_file(const char* name, size_t size) {
    const double begin = now();
    const int file = open(name, O_RDONLY);
    if (file < 0) fail(name);
    double bytes = 0;
    ssize_t got;
    while ((got = read(file, buffer, size)) > 0) bytes += (double)got;
    if (got < 0 || close(file) != 0) fail(name);
    return bytes / (now() - begin);
}

/* The same of writing one, with fsync. */
static double write_file(const char* name, size_t size, double bytes) {
    const double begin = now();
    const int file = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (file < 0) fail(name);
    for (double done = 0; done < bytes; done += (double)size) {
        if (write(file, buffer, size) != (ssize_t)size) fail(name);
    }
    if (fsync(file) != 0 || close(file) != 0) fail(name);
    const double taken = now() - begin;
    if (unlink(name) != 0) fail(name);
    return bytes / taken;
}

/* Reads of 4 KiB, a second, at places far from each other, which no cache has: O_DIRECT where there
 * is such a thing. */
static double read_uncached(const char* name, off_t size) {
    int file = open(name, O_RDONLY | O_DIRECT);
    if (file < 0) file = open(name, O_RDONLY);
    if (file < 0) fail(name);
    const off_t stride = size / random_reads / 4096 * 4096;
    const double begin = now();
    for (int i = 0; i < random_reads; i++) {
        if (pread(file, buffer, 4096, stride * ((i * 77) % random_reads)) != 4096) fail(name);
    }
    const double taken = now() - begin;
    if (close(file) != 0) fail(name);
    return random_reads / taken;
}

static double stat_file(const char* name) {
    struct stat status;
    const double begin = now();
    for (int i = 0; i < rounds; i++) {
        if (stat(name, &status) != 0) fail(name);
    }
    return rounds / (now() - begin);
}

static double open_close(const char* name) {
    const double begin = now();
    for (int i = 0; i < rounds; i++) {
        const int file = open(name, O_RDONLY);
        if (file < 0 || close(file) != 0) fail(name);
    }
    return rounds / (now() - begin);
}

int main(int argc, char** argv) {
    if (argc != 5 || chdir(argv[1]) != 0) return 2;
    const char* const run = argv[3];
    const double bytes = atof(argv[4]) * (1 << 20);
    memset(buffer, 'x', sizeof(buffer));
    char name[64];
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        snprintf(name, sizeof(name), "cold%s_%zu", run, sizes[i]);
        printf("read_cold_%zu %.3f\n", sizes[i], read_file(name, sizes[i]) / 1e6);
        printf("read_warm_%zu %.3f\n", sizes[i], read_file(name, sizes[i]) / 1e6);
        printf("write_%zu %.3f\n", sizes[i], write_file("written", sizes[i], bytes) / 1e6);
    }
    snprintf(name, sizeof(name), "uncached%s", run);
    printf("read_uncached_4096 %.1f\n", read_uncached(name, (off_t)bytes));
    if (chdir(argv[2]) != 0) return 2;
    printf("stat %.1f\n", stat_file("probe"));
    printf("open_close %.1f\n", open_close("probe"));
    return 0;
}

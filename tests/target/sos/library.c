// SPDX-License-Identifier: BSD-2-Clause
// library FILE SIZE: as many processes as there can be, each with FILE open eight times, each of
// which reads and checks a part of it; then this one reads all of it, and writes and reads a copy.
// Prints how much memory the server has meanwhile. FILE is one whose byte n is a function of n
// (verify.c), of SIZE bytes. As much must be in use afterwards as before.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sos.h>
#include <sos_system.h>

#include "leaks.h"

enum { most_processes = 512, opens = 8, part = 64 << 10, piece = 64 << 10 };

extern char** environ;
static unsigned char buffer[piece];
static pid_t children[most_processes];

static int differs(int file, uint64_t at, uint64_t end) {
    while (at < end) {
        const size_t wanted = end - at < piece ? end - at : piece;
        const ssize_t got = pread(file, buffer, wanted, (off_t)at);
        if (got <= 0) return 1;
        for (ssize_t i = 0; i < got; ++i) {
            if (buffer[i] != (unsigned char)(((at + (uint64_t)i) * 2654435761u) >> 13)) return 1;
        }
        at += (uint64_t)got;
    }
    return 0;
}

/// Tells that all was well by opening one file more.
static _Noreturn void child(const char* name, uint64_t size) {
    int files[opens];
    for (int i = 0; i < opens; ++i) files[i] = open(name, O_RDONLY);
    const uint64_t at = (uint64_t)getpid() * part % (size - part);
    if (files[opens - 1] < 0 || differs(files[0], at, at + part)) exit(1);
    if (open(name, O_RDONLY) < 0) exit(1);
    for (;;) sos_usleep(1000000000);
}

static int copy(int from, const char* to, uint64_t size) {
    const int file = open(to, O_RDWR | O_CREAT | O_TRUNC, 0644);
    for (uint64_t at = 0; at < size; at += piece) {
        if (pread(from, buffer, piece, (off_t)at) != piece) return 1;
        if (pwrite(file, buffer, piece, (off_t)at) != piece) return 1;
    }
    return fsync(file) != 0 || differs(file, 0, size) || close(file) != 0 || unlink(to) != 0;
}

static uint64_t open_files(void) {
    sos_resource_count_t now;
    return sos_resource_count(&now) == 0 ? now.open_files : 0;
}

/// With at most so many children, until no more can be started.
static int lend(char** argv, uint64_t size, int most) {
    char* words[] = {"library", argv[1], argv[2], "child", NULL};
    const uint64_t opened_before = open_files();
    const int file = open(argv[1], O_RDONLY);
    int count = 0;
    int reason = 0;
    while (reason == 0 && count < most) {
        reason = posix_spawn(&children[count], argv[0], NULL, NULL, words, environ);
        if (reason == 0) ++count;
    }
    const uint64_t wanted = opened_before + 1 + (uint64_t)count * (opens + 1);
    for (int i = 0; i < 600 && open_files() < wanted; ++i) usleep(100000);
    const int all_well = open_files() >= wanted;
    const int wrong = differs(file, 0, size) || copy(file, "library.copy", size / 4);
    sos_paging_count_t memory;
    sos_paging_count(&memory);
    printf(
        "library: %d children, %s, errno %d, %s; server %llu, at most %llu of %llu, cache %llu\n",
        count, all_well ? "all well" : "NOT all well", reason, wrong ? "WRONG" : "right",
        (unsigned long long)memory.server_pages, (unsigned long long)memory.server_pages_most,
        (unsigned long long)memory.server_pages_limit, (unsigned long long)memory.file_cache_pages);
    for (int i = 0; i < count; ++i) kill(children[i], SIGKILL);
    while (wait(NULL) > 0) {
    }
    close(file);
    return !all_well || wrong;
}

int main(int argc, char** argv) {
    if (argc < 3) return 2;
    const uint64_t size = strtoull(argv[2], NULL, 10);
    if (argc == 4) child(argv[1], size);
    memset(children, 1, sizeof children);
    // Something to compare with: what this program itself touches has been touched.
    lend(argv, size, 1);
    sos_resource_count_t before;
    sos_resource_count(&before);
    const int failed = lend(argv, size, most_processes);
    return failed || !in_use_as(&before, "library");
}

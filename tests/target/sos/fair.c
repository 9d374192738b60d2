// SPDX-License-Identifier: BSD-2-Clause
// fair PROCESSES SECONDS: so many processes work on files for so long, all at once: reads and
// writes of random size at random places, of a file of their own and of one that all share, and
// opens. Prints how many operations each did, at least and in the mean, and how long one took, at
// most and in the mean, in microseconds.
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sos.h>

enum { most_processes = 64, file_size = 65536, largest_piece = 8192, start_delay_us = 50000 };

struct Result {
    int64_t operations, longest_us;
};

/// What they share, at the same address in all of them.
static volatile struct {
    unsigned ready;
    int64_t begin;  // 0 until all are ready
    struct Result results[most_processes];
} * all;

static char piece[largest_piece];
static uint64_t random_state;
static int own, shared;
static char own_name[24];

static unsigned random_below(unsigned limit) {
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)((random_state >> 33) % limit);
}

static _Noreturn void fail(const char* what) {
    perror(what);
    exit(1);
}

static void operate(void) {
    const size_t size = 1 + random_below(largest_piece);
    const off_t place = random_below(file_size - largest_piece);
    const int file = random_below(2) ? own : shared;
    struct stat status;
    int again;
    switch (random_below(4)) {
        case 0:
            if (pwrite(file, piece, size, place) != (ssize_t)size) fail("fair: pwrite");
            break;
        case 1:
            again = open(random_below(2) ? own_name : "fair_shared", O_RDONLY);
            if (again < 0 || fstat(again, &status) != 0 || close(again) != 0) fail("fair: open");
            break;
        default:
            if (pread(file, piece, size, place) < 0) fail("fair: pread");
    }
}

static void share(void) {
    void* const at = mmap((void*)0x2000000000, sizeof *all, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (at == MAP_FAILED || sos_share_vm(at, 4096, 1) != 0) fail("fair: share");
    all = at;
}

static int work(unsigned index, int64_t duration) {
    struct Result result = {0};
    random_state = index;
    snprintf(own_name, sizeof own_name, "fair_%u", index);
    own = open(own_name, O_RDWR | O_CREAT, 0644);
    shared = open("fair_shared", O_RDWR);
    if (own < 0 || shared < 0 || ftruncate(own, file_size) != 0) fail("fair: open");
    ++all->ready;  // there is one processor
    while (all->begin == 0) usleep(start_delay_us / 5);
    const int64_t begin = all->begin;
    int64_t now = sos_time_stamp();
    if (now < begin) usleep((useconds_t)(begin - now));
    now = sos_time_stamp();
    while (now < begin + duration) {
        const int64_t before = now;
        operate();
        now = sos_time_stamp();
        ++result.operations;
        if (now - before > result.longest_us) result.longest_us = now - before;
    }
    all->results[index] = result;
    return 0;
}

extern char** environ;

static void start(unsigned index, char* seconds) {
    char number[12];
    snprintf(number, sizeof number, "%u", index);
    char* words[] = {"fair", number, seconds, "worker", NULL};
    pid_t pid;
    errno = posix_spawn(&pid, "fair", NULL, NULL, words, environ);
    if (errno != 0) fail("fair: spawn");
}

static int report(unsigned processes, int64_t duration) {
    int64_t least = INT64_MAX, sum = 0, longest = 0;
    for (unsigned i = 0; i < processes; ++i) {
        const struct Result one = all->results[i];
        if (one.operations < least) least = one.operations;
        if (one.longest_us > longest) longest = one.longest_us;
        sum += one.operations;
    }
    printf("fair: %" PRId64 " operations at least, %" PRId64 " in the mean; %" PRId64
           " us at most, %" PRId64 " in the mean\n",
           least, sum / processes, longest, sum == 0 ? 0 : duration * processes / sum);
    return 0;
}

int main(int argc, char** argv) {
    if (argc < 3) return 2;
    const unsigned number = (unsigned)atoi(argv[1]);
    const int64_t duration = atoll(argv[2]) * 1000000;
    share();
    if (argc == 4) return work(number, duration);
    if (number < 1 || number > most_processes) return 2;
    const int file = open("fair_shared", O_RDWR | O_CREAT | O_TRUNC, 0644);
    if (file < 0 || ftruncate(file, file_size) != 0) fail("fair: open");
    for (unsigned i = 0; i < number; ++i) start(i, argv[2]);
    while (all->ready < number) usleep(start_delay_us);
    all->begin = sos_time_stamp() + start_delay_us;
    int status, failed = 0;
    for (unsigned i = 0; i < number; ++i) {
        if (wait(&status) < 0 || status != 0) failed = 1;
    }
    return failed || report(number, duration);
}

// SPDX-License-Identifier: BSD-2-Clause
// mix SEED SECONDS: sixteen processes make process calls at random, all at once: start, wait for
// one, for any, for strangers, look, list, sleep, kill each other. Whoever dies is replaced. In the
// end all are killed, and as much must be in use as before. A call that does not come back is seen:
// the end is then not in time.
#define _GNU_SOURCE
#include <errno.h>
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

enum { worker_count = 16, most_processes = 512, most_children = 4, grace_us = 10000000 };

static uint64_t random_state;

static unsigned random_below(unsigned limit) {
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)((random_state >> 33) % limit);
}

static pid_t start(const char* role, unsigned seed) {
    char number[12];
    snprintf(number, sizeof number, "%u", seed);
    char* words[] = {"mix", (char*)role, number, NULL};
    pid_t pid;
    errno = posix_spawn(&pid, "mix", NULL, NULL, words, environ);
    return errno == 0 ? pid : -1;
}

static sos_process_info_t processes[most_processes];

/// Some process that runs this program, but not its first one; -1 when there is none.
static pid_t any_of_us(pid_t first) {
    const int count = sos_process_list(processes, most_processes);
    const unsigned from = random_below(most_processes);
    for (int i = 0; i < count; ++i) {
        const sos_process_info_t* one = &processes[(from + (unsigned)i) % (unsigned)count];
        if (strcmp(one->command, "mix") == 0 && one->pid != first) return one->pid;
    }
    return -1;
}

/// A process that lives for a moment.
static int leaf(unsigned seed) {
    random_state = seed;
    switch (random_below(4)) {
        case 0:
            return 0;
        case 1:
            sos_usleep((int)random_below(20000));
            return 1;
        case 2:
            for (volatile unsigned n = random_below(100000); n > 0; n = n - 1) {
            }
            return 2;
        default:
            sos_process_delete(sos_my_id());
            return 3;
    }
}

/// Does as told by its random numbers until it is killed.
static _Noreturn void work(unsigned seed) {
    random_state = seed;
    const pid_t first = getppid();
    int children = 0;
    for (;;) {
        int status;
        switch (random_below(8)) {
            case 0:
            case 1:
                if (children == most_children) break;
                if (start("leaf", seed ^ random_below(1u << 30)) >= 0) ++children;
                break;
            case 2:
                if (waitpid(-1, &status, WNOHANG) > 0) --children;
                break;
            case 3:
                if (waitpid(-1, &status, 0) > 0) --children;
                break;
            case 4:
                // Only sometimes, or nobody would get old enough to do anything else.
                if (random_below(4) == 0) sos_process_delete(any_of_us(first));
                break;
            case 5:
                // A stranger may live for ever, but is killed one day. Not the first: it waits too.
                if (random_below(8) == 0) sos_process_wait(any_of_us(first));
                break;
            case 6:
                sos_usleep((int)random_below(3000));
                break;
            default:
                getppid();
                sos_process_list(processes, (unsigned)random_below(most_processes));
        }
    }
}

static void kill_us_all(pid_t first) {
    pid_t one;
    while ((one = any_of_us(first)) >= 0) {
        sos_process_delete(one);
        int status;
        while (waitpid(-1, &status, WNOHANG) > 0) {
        }
    }
}

static int run(unsigned seed, int seconds) {
    sos_resource_count_t before;
    random_state = seed;
    sos_process_wait(start("leaf", 0));
    memset(processes, 1, sizeof processes);  // all of it is there before it is counted
    sos_resource_count(&before);
    const int64_t end = sos_time_stamp() + seconds * INT64_C(1000000);
    unsigned started = 0, deaths = 0;
    int alive = 0;
    while (sos_time_stamp() < end) {
        while (alive < worker_count) {
            if (start("work", random_below(1u << 30)) < 0) break;
            ++alive;
            ++started;
        }
        sos_usleep(5000);
        int status;
        while (waitpid(-1, &status, WNOHANG) > 0) {
            --alive;
            ++deaths;
            if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
                printf("mix: seed %u: a worker ends with status %x\n", seed, status);
                return 1;
            }
        }
    }
    kill_us_all(sos_my_id());
    if (sos_time_stamp() > end + grace_us) {
        printf("mix: seed %u: the end takes too long\n", seed);
        return 1;
    }
    char who[32];
    snprintf(who, sizeof who, "mix: seed %u", seed);
    if (!in_use_as(&before, who)) return 1;
    printf("%s, %u workers, %u deaths, all well\n", who, started, deaths);
    return 0;
}

int main(int argc, char** argv) {
    if (argc == 3 && strcmp(argv[1], "leaf") == 0) return leaf((unsigned)atoi(argv[2]));
    if (argc == 3 && strcmp(argv[1], "work") == 0) work((unsigned)atoi(argv[2]));
    if (argc == 3) return run((unsigned)atoi(argv[1]), atoi(argv[2]));
    fprintf(stderr, "usage: mix SEED SECONDS\n");
    return 2;
}

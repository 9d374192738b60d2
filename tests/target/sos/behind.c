// SPDX-License-Identifier: BSD-2-Clause
// behind OTHERS SECONDS: computes for so long, while so many others do nothing but sleep and wake
// up, each time in front of it. Prints for how long it did not run at most, and how much of the
// time it ran, in microseconds.
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <sos.h>

enum { most_others = 64, still_running_us = 50 };

extern char** environ;

static pid_t start_sleeper(void) {
    char* words[] = {"behind", NULL};
    pid_t pid;
    errno = posix_spawn(&pid, "behind", NULL, NULL, words, environ);
    return errno == 0 ? pid : -1;
}

int main(int argc, char** argv) {
    while (argc == 1) sos_usleep(1);
    if (argc != 3) return 2;
    const int others = atoi(argv[1]);
    if (others > most_others) return 2;
    pid_t pids[most_others];
    for (int i = 0; i < others; ++i) {
        if ((pids[i] = start_sleeper()) < 0) return perror("behind"), 1;
    }
    const int64_t begin = sos_time_stamp(), end = begin + atoll(argv[2]) * 1000000;
    int64_t longest = 0, paused = 0, now = begin;
    while (now < end) {
        const int64_t before = now;
        now = sos_time_stamp();
        if (now - before > still_running_us) paused += now - before;
        if (now - before > longest) longest = now - before;
    }
    for (int i = 0; i < others; ++i) sos_process_delete(pids[i]);
    printf("behind: paused %" PRId64 " at most, ran %" PRId64 "\n", longest, now - begin - paused);
    return 0;
}

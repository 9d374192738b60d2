// SPDX-License-Identifier: BSD-2-Clause
// answer ROUNDS: acts as a shell does: ROUNDS times it is woken up, as by a key, looks something
// up, starts a program and waits for its end. Prints how long that took at most and in the mean, in
// microseconds: from the moment when it was to be woken until it ran, and until all was done.
#include <errno.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sos.h>

extern char** environ;

struct Times {
    int64_t most, sum;
};

static void note(struct Times* times, int64_t one) {
    if (one > times->most) times->most = one;
    times->sum += one;
}

static int start_and_wait(void) {
    char* words[] = {"true", NULL};
    pid_t pid;
    int status;
    errno = posix_spawn(&pid, "true", NULL, NULL, words, environ);
    if (errno != 0) return -1;
    return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : -1;
}

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    const int rounds = atoi(argv[1]);
    struct Times woken = {0}, done = {0};
    for (int i = 0; i < rounds; ++i) {
        // Never in step with anybody.
        const int pause = 10000 + i * 7919 % 10007;
        const int64_t due = sos_time_stamp() + pause;
        usleep((useconds_t)pause);
        note(&woken, sos_time_stamp() - due);
        if (start_and_wait() != 0) return perror("answer"), 1;
        note(&done, sos_time_stamp() - due);
    }
    printf("answer: woken after %" PRId64 " at most, %" PRId64 " in the mean; done after %" PRId64
           ", %" PRId64 "\n",
           woken.most, woken.sum / rounds, done.most, done.sum / rounds);
    return 0;
}

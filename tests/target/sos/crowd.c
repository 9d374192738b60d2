// SPDX-License-Identifier: BSD-2-Clause
// crowd CREATORS: as many processes as there can be, alive at once. CREATORS 0: all are made one
// after the other by this one, and what those around number 10 and those around number 500 cost is
// printed, in instructions (on a machine that counts them). Else by so many creators at once. The
// next one must be refused with EAGAIN; then all are killed, and as much must be in use as before.
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <spawn.h>

#include <sos.h>
#include <sos_system.h>

#include "leaks.h"

#include "instructions.h"

enum { most_processes = 512, window = 8, early = 10, late = 500 };

static pid_t start(const char* program, const char* argument) {
    char* words[] = {(char*)program, (char*)argument, NULL};
    pid_t pid;
    errno = posix_spawn(&pid, program, NULL, NULL, words, environ);
    return errno == 0 ? pid : -1;
}

/// What each of those around number `middle` cost. More than one, since memory is cut for several.
static unsigned around(const uint64_t* costs, int middle) {
    uint64_t sum = 0;
    for (int i = 0; i < window; ++i) sum += costs[middle - window / 2 + i];
    return (unsigned)(sum / window);
}

/// Starts sleepers until none can be had; how many.
static int fill(uint64_t* costs, int* reason) {
    int count = 0;
    for (; count < most_processes; ++count) {
        const uint32_t before = instructions();
        if (start("nap", NULL) < 0) break;
        sched_yield();  // the child's first steps count as its own, not as those of a later one
        if (costs != NULL) costs[count] = instructions() - before;
    }
    *reason = errno;
    return count;
}

/// create: a creator of the second kind. It stays, with its children.
static _Noreturn void create(void) {
    int reason;
    fill(NULL, &reason);
    if (reason != EAGAIN) printf("crowd: a creator is refused with errno %d\n", reason);
    for (;;) sos_usleep(1000000000);
}

static sos_process_info_t processes[most_processes];

static int alive(void) {
    const int count = sos_process_list(processes, most_processes);
    int result = 0;
    for (int i = 0; i < count; ++i) result += processes[i].state != SOS_ZOMBIE;
    return result;
}

/// Kills all sleepers and creators but this process.
static void kill_all(void) {
    const int count = sos_process_list(processes, most_processes);
    for (int i = 0; i < count; ++i) {
        const sos_process_info_t* one = &processes[i];
        const int ours = strcmp(one->command, "nap") == 0 || strcmp(one->command, "crowd") == 0;
        if (ours && one->pid != sos_my_id()) sos_process_delete(one->pid);
    }
    while (sos_process_wait(-1) >= 0) {
    }
}

static int refused(void) {
    return start("nap", NULL) < 0 && errno == EAGAIN;
}

static int run(int creators) {
    static uint64_t costs[most_processes];
    sos_resource_count_t before;
    int reason = EAGAIN;
    start_counters();
    memset(costs, 1, sizeof costs);  // this program's own memory is all there before it is counted
    memset(processes, 1, sizeof processes);
    sos_process_wait(start("true", NULL));
    sos_resource_count(&before);
    if (creators == 0) fill(costs, &reason);
    for (int i = 0; i < creators; ++i) {
        if (start("crowd", "create") < 0 && errno != EAGAIN) reason = errno;
    }
    for (int tries = 0; tries < 1200 && alive() < most_processes; ++tries) sos_usleep(50000);
    const int total = alive();
    const int full = refused();
    kill_all();
    if (total != most_processes || reason != EAGAIN || !full) {
        printf("crowd: %d alive, errno %d, one more: %s\n", total, reason, full ? "no" : "yes");
        return 1;
    }
    if (!in_use_as(&before, "crowd")) return 1;
    printf("crowd: %d at once", total);
    if (creators == 0) {
        printf(", around number %d %u each, around %d %u", early, around(costs, early), late,
               around(costs, late));
    }
    printf("\n");
    return 0;
}

int main(int argc, char** argv) {
    if (argc == 2 && strcmp(argv[1], "create") == 0) create();
    if (argc == 2) return run(atoi(argv[1]));
    fprintf(stderr, "usage: crowd CREATORS\n");
    return 2;
}

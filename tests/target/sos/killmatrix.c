// SPDX-License-Identifier: BSD-2-Clause
// killmatrix SEED ROUNDS: kills processes in every state that a process can be in, each by its
// parent, its child, a sibling, itself, or two siblings at once, after random delays. Checks that
// everybody who has to hear of the death does, once; that the console is free again; and that in
// the end as much is in use as before. The seed and the round are printed with what goes wrong.
//
// killmatrix all SECONDS parent|child|sibling|two: one victim in each state, all killed after that
// time (in which the test stops the NFS server, say). Prints how long one was waited for at most.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <spawn.h>

#include <sos.h>
#include <sos_system.h>

#include "leaks.h"

enum { most_processes = 512, longest_delay_us = 12000, page = 4096 };

static uint64_t random_state;

static unsigned random_below(unsigned limit) {
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)((random_state >> 33) % limit);
}

/// Starts this program with these words; -1 and errno when it cannot be.
static pid_t start(const char* what, const char* first, const char* second) {
    char* words[] = {"killmatrix", (char*)what, (char*)first, (char*)second, NULL};
    pid_t pid;
    errno = posix_spawn(&pid, "killmatrix", NULL, NULL, words, environ);
    return errno == 0 ? pid : -1;
}

// What victims do. All but the last three go on until they are killed.

static void compute(void) {
    for (volatile unsigned n = 0;;) n = n + 1;
}

static void make_system_calls(void) {
    for (;;) sos_my_id();
}

static void touch_memory(void) {
    enum { size = 64 * page };
    for (;;) {
        char* memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) continue;
        for (int i = 0; i < size; i += page) memory[i] = 1;
        munmap(memory, size);
    }
}

/// More than a machine with few frames has, again and again.
static void use_much_memory(void) {
    enum { size = 512 * page };
    static char memory[size];
    for (;;) {
        for (int i = 0; i < size; i += page) ++memory[i];
    }
}

static void sleep_long(void) {
    for (;;) sos_usleep(1000000000);
}

static void read_console(void) {
    char byte;
    const int console = open("console", O_RDONLY);
    for (;;) {
        if (console < 0 || read(console, &byte, 1) < 0) return;
    }
}

static void write_console(void) {
    static char text[512];
    memset(text, '\r', sizeof text);
    for (;;) {
        if (write(STDOUT_FILENO, text, sizeof text) < 0) return;
    }
}

static void wait_for_one(void) {
    sos_process_wait(start("be", "sleep", NULL));
}

static void wait_for_any(void) {
    start("be", "sleep", NULL);
    sos_process_wait(-1);
}

static void start_children(void) {
    for (;;) sos_process_wait(start("be", "end", NULL));
}

static void kill_children(void) {
    for (;;) {
        const pid_t child = start("be", "sleep", NULL);
        sos_process_delete(child);
        sos_process_wait(child);
    }
}

static void read_file(void) {
    static char buffer[65536];
    const int file = open("killmatrix", O_RDONLY);
    if (file < 0) return;
    for (;;) {
        if (read(file, buffer, sizeof buffer) <= 0) lseek(file, 0, SEEK_SET);
    }
}

static void write_file(void) {
    static char buffer[32768];
    const int file = open("killmatrix.tmp", O_WRONLY | O_CREAT, 0644);
    if (file < 0) return;
    for (;;) {
        if (write(file, buffer, sizeof buffer) < 0) return;
        if (lseek(file, 0, SEEK_CUR) > 1 << 20) lseek(file, 0, SEEK_SET);
        fsync(file);
    }
}

static void open_and_close(void) {
    for (;;) close(open("killmatrix", O_RDONLY));
}

static void look_up_names(void) {
    struct stat status;
    for (;;) stat("no/such/file", &status);
}

static void list_directory(void) {
    char name[64];
    for (int at = 0;; ++at) {
        if (sos_getdirent(at, name, sizeof name) <= 0) at = -1;
    }
}

static void end(void) {}

static void end_soon(void) {
    sos_usleep(longest_delay_us / 2);
}

static void fault_soon(void) {
    sos_usleep(longest_delay_us / 2);
    *(volatile int*)NULL = 1;
}

static const struct State {
    const char* name;
    void (*be)(void);
    int ends_by_itself;
} states[] = {
    {"compute", compute, 0},
    {"call", make_system_calls, 0},
    {"touch", touch_memory, 0},
    {"page", use_much_memory, 0},
    {"sleep", sleep_long, 0},
    {"read-console", read_console, 0},
    {"queue-for-console", read_console, 0},  // its parent has it
    {"write-console", write_console, 0},
    {"wait-one", wait_for_one, 0},
    {"wait-any", wait_for_any, 0},
    {"start-children", start_children, 0},
    {"kill-children", kill_children, 0},
    {"read", read_file, 0},
    {"write", write_file, 0},
    {"open", open_and_close, 0},
    {"look-up", look_up_names, 0},
    {"list", list_directory, 0},
    {"end", end, 1},
    {"end-soon", end_soon, 1},
    {"fault-soon", fault_soon, 1},
};
enum { state_count = sizeof states / sizeof states[0] };

static const struct State* find_state(const char* name) {
    for (int i = 0; i < state_count; ++i) {
        if (strcmp(states[i].name, name) == 0) return &states[i];
    }
    return NULL;
}

/// be STATE [DELAY]: a victim. With a delay it is to be killed by a child of its own; -1: by
/// itself.
static int be(const char* name, const char* delay) {
    const struct State* state = find_state(name);
    if (state == NULL) return 2;
    if (delay != NULL && atoi(delay) >= 0) {
        char self[12];
        snprintf(self, sizeof self, "%d", sos_my_id());
        if (start("kill", self, delay) < 0) return 3;
    } else if (delay != NULL) {
        sos_process_delete(sos_my_id());
        return 4;
    }
    state->be();
    return 0;
}

/// kill PID DELAY: 0 when it was there to be killed, 1 when not.
static int kill_after(const char* pid, const char* delay) {
    sos_usleep(atoi(delay));
    if (sos_process_delete(atoi(pid)) == 0) return 0;
    return errno == ESRCH ? 1 : 2;
}

static sos_process_info_t processes[most_processes];

/// snipe PARENT: kills the first process of this parent that is only being made.
static int snipe(const char* parent) {
    for (int tries = 0; tries < 200; ++tries) {
        const int count = sos_process_list(processes, most_processes);
        for (int i = 0; i < count; ++i) {
            if (processes[i].parent != atoi(parent) || processes[i].state != SOS_CREATING) continue;
            return sos_process_delete(processes[i].pid) == 0 ? 0 : 1;
        }
        sos_usleep(50);
    }
    return 1;
}

/// Victims leave children behind, which nobody waits for.
static void kill_orphans(void) {
    const int count = sos_process_list(processes, most_processes);
    for (int i = 0; i < count; ++i) {
        const int ours = strcmp(processes[i].command, "killmatrix") == 0;
        if (ours && processes[i].parent < 0) sos_process_delete(processes[i].pid);
    }
}

static const char* problem;

static int check(int condition, const char* what) {
    if (!condition && problem == NULL) problem = what;
    return condition;
}

/// The victim's death is told once, as what it was.
static void bury(pid_t victim, int may_end_by_itself) {
    int status = 0;
    check(waitpid(victim, &status, 0) == victim, "the victim's death is not told");
    const int killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    check(killed || may_end_by_itself, "the victim was not killed");
    check(waitpid(victim, &status, WNOHANG) == -1, "the victim's death is told twice");
}

/// How many killers found their victim.
static int join_killers(const pid_t* killers, int count) {
    int successes = 0;
    for (int i = 0; i < count; ++i) {
        int status = 0;
        check(waitpid(killers[i], &status, 0) == killers[i], "a killer is lost");
        check(WIFEXITED(status) && WEXITSTATUS(status) < 2, "a killer fails");
        successes += status == 0;
    }
    return successes;
}

enum Killer { by_parent, by_child, by_sibling, by_itself, by_two, killer_count };
static const char* const killer_names[] = {"its parent", "its child", "a sibling", "itself",
                                           "two at once"};
static const char* const killer_words[] = {"parent", "child", "sibling", "", "two"};

static void kill_one(const struct State* state, enum Killer killer) {
    char delay[12], pid[12];
    snprintf(delay, sizeof delay, "%u", random_below(longest_delay_us));
    const char* argument = killer == by_child ? delay : killer == by_itself ? "-1" : NULL;
    const pid_t victim = start("be", state->name, argument);
    if (!check(victim >= 0, "the victim does not start")) return;
    snprintf(pid, sizeof pid, "%d", victim);
    pid_t killers[2] = {-1, -1};
    int count = 0;
    if (killer == by_parent) {
        sos_usleep(atoi(delay));
        check(sos_process_delete(victim) == 0 || state->ends_by_itself, "the kill fails");
    }
    while (count < (killer == by_sibling ? 1 : killer == by_two ? 2 : 0)) {
        killers[count] = start("kill", pid, delay);
        if (!check(killers[count] >= 0, "a killer does not start")) break;
        ++count;
    }
    const int found = join_killers(killers, count);
    check(count == 0 || found > 0 || state->ends_by_itself, "no killer finds the victim");
    bury(victim, state->ends_by_itself);
}

/// The console can be had again, at once.
static void check_console(void) {
    const int console = open("console", O_RDONLY);
    check(console == 0, "the console is not free");
    close(console);
}

/// A process that is killed while it is being made: its parent's call fails, or it dies later.
static void kill_while_made(void) {
    char self[12];
    snprintf(self, sizeof self, "%d", sos_my_id());
    const pid_t sniper = start("snipe", self, NULL);
    if (!check(sniper >= 0, "the sniper does not start")) return;
    sos_usleep((int)random_below(2000));
    const pid_t victim = start("be", "sleep", NULL);
    check(victim >= 0 || errno == ECANCELED, "a killed creation fails for another reason");
    join_killers(&sniper, 1);
    if (victim < 0) return;
    check(sos_process_delete(victim) == 0 || errno == ESRCH, "the kill fails");
    bury(victim, 0);
}

static void run_round(const struct State* state, enum Killer killer) {
    const int is_queue = strcmp(state->name, "queue-for-console") == 0;
    const int console = is_queue ? open("console", O_RDONLY) : -1;
    kill_one(state, killer);
    if (console >= 0) close(console);
    kill_orphans();
    check_console();
}

static int run_rounds(unsigned seed, int rounds) {
    sos_resource_count_t before;
    random_state = seed;
    memset(processes, 1, sizeof processes);  // all of it is there before it is counted
    // Each state once, so that what is made at first use and kept is there.
    for (int i = 0; i < state_count; ++i) run_round(&states[i], by_two);
    kill_while_made();
    sos_usleep(200000);
    sos_resource_count(&before);
    for (int round = 0; round < rounds; ++round) {
        const unsigned choice = random_below(state_count + 1);
        const enum Killer killer = (enum Killer)random_below(killer_count);
        if (choice == state_count) {
            kill_while_made();
        } else {
            run_round(&states[choice], killer);
        }
        if (problem == NULL) continue;
        printf("killmatrix: seed %u, round %d, %s, killed by %s: %s\n", seed, round,
               choice == state_count ? "being made" : states[choice].name, killer_names[killer],
               problem);
        return 1;
    }
    if (!in_use_as(&before, "killmatrix")) return 1;
    printf("killmatrix: seed %u, %d rounds\n", seed, rounds);
    return 0;
}

/// How many killers of a victim are no relatives of it.
static int siblings_that_kill(enum Killer killer) {
    return killer == by_two ? 2 : killer == by_sibling ? 1 : 0;
}

static int kill_all_states(int seconds, enum Killer killer) {
    static pid_t victims[state_count];
    static pid_t killers[2 * state_count];
    int count = 0;
    int shooters = 0;
    char delay[12], pid[12];
    snprintf(delay, sizeof delay, "%d", seconds * 1000000);
    for (int i = 0; i < state_count; ++i) {
        if (states[i].ends_by_itself || strcmp(states[i].name, "write-console") == 0) continue;
        const pid_t victim = start("be", states[i].name, killer == by_child ? delay : NULL);
        if (victim < 0) return 1;
        victims[count++] = victim;
        snprintf(pid, sizeof pid, "%d", victim);
        for (int j = 0; j < siblings_that_kill(killer); ++j) {
            killers[shooters] = start("kill", pid, delay);
            if (killers[shooters] < 0) return 1;
            ++shooters;
        }
    }
    sos_usleep(200000);  // who kills has begun to wait
    printf("killmatrix: ready\n");
    sos_usleep(seconds * 1000000);
    int64_t slowest = 0;
    for (int i = 0; i < count; ++i) {
        const int64_t begin = sos_time_stamp();
        if (killer == by_parent && sos_process_delete(victims[i]) != 0) return 1;
        bury(victims[i], 0);
        const int64_t taken = sos_time_stamp() - begin;
        if (taken > slowest) slowest = taken;
    }
    const int found = join_killers(killers, shooters);
    check(shooters == 0 || found >= count, "a victim was found by no killer");
    kill_orphans();
    printf("killmatrix: %d killed, %s, slowest %lld us\n", count,
           problem == NULL ? "all well" : problem, (long long)slowest);
    return problem != NULL;
}

int main(int argc, char** argv) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc >= 3 && strcmp(argv[1], "be") == 0) return be(argv[2], argc > 3 ? argv[3] : NULL);
    if (argc == 4 && strcmp(argv[1], "kill") == 0) return kill_after(argv[2], argv[3]);
    if (argc == 3 && strcmp(argv[1], "snipe") == 0) return snipe(argv[2]);
    if (argc == 4 && strcmp(argv[1], "all") == 0) {
        for (enum Killer killer = by_parent; killer < killer_count; ++killer) {
            if (strcmp(argv[3], killer_words[killer]) == 0) {
                return kill_all_states(atoi(argv[2]), killer);
            }
        }
    }
    if (argc == 3) return run_rounds((unsigned)atoi(argv[1]), atoi(argv[2]));
    fprintf(stderr, "usage: killmatrix SEED ROUNDS | all SECONDS KILLER\n");
    return 2;
}

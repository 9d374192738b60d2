// SPDX-License-Identifier: BSD-2-Clause
/*
 * endpoint [ROUNDS]: abuses the endpoint of system calls in every way that its rights allow: sends
 * instead of calling, with every label from 0 to 63 (faults have labels too), all lengths, and
 * calls with labels. SOS must not answer a send, not take a label for a fault, and go on. At the
 * end it makes ordinary system calls, then does what it should not: sends and receives in one, and
 * is killed for the receive. Exit status 1 if anything is not as it should be.
 */
#define _GNU_SOURCE
#include <sel4/sel4.h>
#include <sos.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { labels = 64, longest = seL4_MsgMaxLength };

/* A send of a call's message may well be carried out; it is the answer that must not come. So: no
 * exit and no kill, and arguments that every other call refuses. */
static const seL4_Word numbers[] = {0, 56, 57, 64, 172, 0x1006, 0x1015, ~0ull};

static void fill_message(seL4_Word number) {
    seL4_SetMR(0, number);
    for (int i = 1; i < longest; i++) seL4_SetMR(i, ~(seL4_Word)0);
}

/* An unblocked send with each label, number and some lengths. */
static void send_everything(void) {
    static const unsigned lengths[] = {0, 1, 4, 5, longest, 127};
    for (seL4_Word label = 0; label < labels; label++) {
        for (unsigned n = 0; n < sizeof numbers / sizeof numbers[0]; n++) {
            for (unsigned l = 0; l < sizeof lengths / sizeof lengths[0]; l++) {
                fill_message(numbers[n]);
                seL4_NBSend(1, seL4_MessageInfo_new(label, 0, 0, lengths[l]));
                fill_message(numbers[n]);
                seL4_Send(1, seL4_MessageInfo_new(label, 0, 0, lengths[l]));
            }
        }
    }
    fill_message(172);
    seL4_Send(1, seL4_MessageInfo_new(~0ull >> 12, 7, 0, 1));
}

/* A label counts for nothing in a call. */
static int call_with_labels(pid_t own) {
    for (seL4_Word label = 0; label < labels; label++) {
        seL4_SetMR(0, 172); /* getpid */
        seL4_Call(1, seL4_MessageInfo_new(label, 0, 0, 1));
        if (seL4_GetMR(0) != 0 || seL4_GetMR(1) != (seL4_Word)own) {
            printf("endpoint: getpid with label %lu failed\n", (unsigned long)label);
            return 1;
        }
    }
    seL4_Call(1, seL4_MessageInfo_new(0, 0, 0, 0)); /* a message without a number */
    return 0;
}

static void die_in(const char* way) {
    seL4_MessageInfo_t info = seL4_MessageInfo_new(6, 0, 0, 4);
    fill_message(172);
    if (strcmp(way, "nbsendrecv") == 0) seL4_NBSendRecv(1, info, 1, NULL, 2);
    if (strcmp(way, "nbsendwait") == 0) seL4_NBSendWait(1, info, 1, NULL);
    if (strcmp(way, "replyrecv") == 0) seL4_ReplyRecv(1, info, NULL, 1);
    if (strcmp(way, "nbwait") == 0) seL4_NBWait(1, NULL);
    if (strcmp(way, "nbrecv") == 0) seL4_NBRecv(1, NULL, 2);
    exit(1);
}

static int dies_in(char* way) {
    char* arguments[] = {"endpoint", way, NULL};
    pid_t pid;
    if (posix_spawn(&pid, "endpoint", NULL, NULL, arguments, environ) != 0) return 1;
    int status;
    if (waitpid(pid, &status, 0) != pid) return 1;
    if (WIFSIGNALED(status)) return 0;
    printf("endpoint: survived %s\n", way);
    return 1;
}

int main(int argc, char** argv) {
    if (argc == 2 && atoi(argv[1]) == 0) die_in(argv[1]);
    const int rounds = argc == 2 ? atoi(argv[1]) : 1;
    const pid_t own = sos_my_id();
    int failed = 0;
    for (int i = 0; i < rounds; i++) {
        send_everything();
        failed |= call_with_labels(own);
    }
    failed |= sos_my_id() != own;
    static char* const ways[] = {"nbsendrecv", "nbsendwait", "replyrecv", "nbwait", "nbrecv"};
    for (unsigned i = 0; i < sizeof ways / sizeof ways[0]; i++) failed |= dies_in(ways[i]);
    printf("endpoint: %s\n", failed ? "FAILED" : "nothing happened");
    return failed;
}

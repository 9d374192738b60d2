// SPDX-License-Identifier: BSD-2-Clause
// bomb MS: starts itself again and again, and so does each that it starts, until MS milliseconds
// after the first one began. (Between themselves they pass on when that is.)
#define _GNU_SOURCE
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sos.h>

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    const int64_t end = argc > 2 ? atoll(argv[2]) : sos_time_stamp() + atoll(argv[1]) * 1000;
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, end);
    char* words[] = {"bomb", argv[1], text, NULL};
    while (sos_time_stamp() < end) {
        pid_t pid;
        posix_spawn(&pid, "bomb", NULL, NULL, words, environ);
    }
    return 0;
}

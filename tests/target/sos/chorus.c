// SPDX-License-Identifier: BSD-2-Clause
// chorus WRITERS LINES: so many processes write that many lines each to the console at once, a line
// in one call; or without end when LINES is 0. Line j of writer i is "i:j:" and (7i + 13j) % 900
// letters.
#include <sos.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_WRITERS 64

static void sing(int writer, int lines) {
    static char line[1024];
    for (int j = 0; lines == 0 || j < lines; ++j) {
        size_t length = (size_t)sprintf(line, "%d:%d:", writer, j);
        const size_t letters = (size_t)((7 * writer + 13 * j) % 900);
        memset(line + length, 'a' + writer % 26, letters);
        length += letters;
        line[length++] = '\n';
        if (write(STDOUT_FILENO, line, length) != (ssize_t)length) exit(1);
    }
}

int main(int argc, char** argv) {
    if (argc == 4 && strcmp(argv[1], "voice") == 0) {
        sing(atoi(argv[2]), atoi(argv[3]));
        return 0;
    }
    const int writers = argc == 3 ? atoi(argv[1]) : 0;
    if (writers < 1 || writers > MAX_WRITERS) return 2;
    pid_t pids[MAX_WRITERS];
    for (int i = 0; i < writers; ++i) {
        char command[64];
        sprintf(command, "chorus voice %d %d", i, atoi(argv[2]));
        pids[i] = sos_process_create(command);
        if (pids[i] < 0) return 1;
    }
    for (int i = 0; i < writers; ++i) sos_process_wait(pids[i]);
    return 0;
}

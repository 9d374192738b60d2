// SPDX-License-Identifier: BSD-2-Clause
// churn COUNT DELAY_US COMMAND [ARGUMENT...]: starts the command COUNT times, one after the other.
// DELAY_US -1: waits for each to end by itself. Otherwise kills each after that many microseconds.
// Prints the number of rounds done; fails at the first surprise.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sos.h>

int main(int argc, char** argv) {
    if (argc < 4) {
        fprintf(stderr, "usage: churn COUNT DELAY_US COMMAND [ARGUMENT...]\n");
        return 2;
    }
    const int count = atoi(argv[1]);
    const int delay = atoi(argv[2]);

    char command[1024] = "";
    for (int i = 3; i < argc; ++i) {
        if (i > 3) strlcat(command, " ", sizeof command);
        if (strlcat(command, argv[i], sizeof command) >= sizeof command) {
            fprintf(stderr, "churn: command too long\n");
            return 2;
        }
    }

    for (int round = 0; round < count; ++round) {
        const pid_t pid = sos_process_create(command);
        if (pid < 0) {
            printf("churn: round %d: create: %s\n", round, strerror(errno));
            return 1;
        }
        if (delay >= 0) {
            sos_usleep(delay);
            if (sos_process_delete(pid) != 0) {
                printf("churn: round %d: delete %d: %s\n", round, pid, strerror(errno));
                return 1;
            }
        }
        const pid_t ended = sos_process_wait(pid);
        if (ended != pid) {
            printf("churn: round %d: wait for %d: %d\n", round, pid, ended);
            return 1;
        }
    }
    printf("churn: %d rounds\n", count);
    return 0;
}

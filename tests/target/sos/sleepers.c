// SPDX-License-Identifier: BSD-2-Clause
// `sleepers COUNT LEAD_MS`: starts COUNT processes that sleep until moments 10 ms apart, the first
// LEAD_MS from now, in an order unlike that of their starts. Each prints `slept DEADLINE WOKEN`, in
// microseconds; `unready` if the first moment had come before it slept.
#include <sos.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const long step_us = 10000;

static int sleep_until(long first_us, long deadline_us) {
    if (sos_time_stamp() >= first_us) {
        puts("unready");
        return 1;
    }
    const struct timespec deadline = {deadline_us / 1000000, deadline_us % 1000000 * 1000};
    const int failed = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, NULL);
    const long woken_us = sos_time_stamp();
    if (failed) return failed;
    printf("slept %ld %ld\n", deadline_us, woken_us);
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 4 && strcmp(argv[1], "until") == 0) {
        return sleep_until(atol(argv[2]), atol(argv[3]));
    }
    if (argc != 3) return 2;
    const int count = atoi(argv[1]);
    const long first_us = sos_time_stamp() + atol(argv[2]) * 1000;
    for (int i = 0; i < count; i++) {
        char command[64];
        const int place = i * 29 % count;  // 29 has no divisor in common with the counts in use
        snprintf(command, sizeof command, "sleepers until %ld %ld", first_us,
                 first_us + place * step_us);
        if (sos_process_create(command) < 0) {
            perror("sleepers");
            return 1;
        }
    }
    for (int i = 0; i < count; i++) {
        if (sos_process_wait(-1) < 0) return 1;
    }
    return 0;
}

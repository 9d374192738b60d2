// SPDX-License-Identifier: BSD-2-Clause
/* tick [COUNT [MILLISECONDS]]: prints a line a second, or as often as told; for ever without COUNT.
 */
#include <errno.h>
#include <sos.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* A number above 0 and not above `most`, or 0 if the text is no such number. */
static long number(const char* text, long most) {
    char* end;
    errno = 0;
    long value = strtol(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' && value > 0 && value <= most ? value : 0;
}

int main(int argc, char** argv) {
    long count = argc > 1 ? number(argv[1], 1000000000) : -1;
    long period = argc > 2 ? number(argv[2], 86400000) : 1000;
    if (argc > 3 || count == 0 || period == 0) {
        fprintf(stderr, "usage: tick [count [milliseconds]]\n");
        return 2;
    }
    for (long i = 1; count < 0 || i <= count; i++) {
        const struct timespec time = {period / 1000, period % 1000 * 1000000};
        if (nanosleep(&time, NULL) != 0) {
            perror("tick: nanosleep");
            return 1;
        }
        printf("tick %ld at %lld ms\n", i, (long long)(sos_time_stamp() / 1000));
    }
    return 0;
}

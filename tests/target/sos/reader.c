// SPDX-License-Identifier: BSD-2-Clause
// Waits for lines from the console and prints them, until the end of input or until it is killed.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void) {
    const int console = open("console", O_RDONLY);
    if (console < 0) {
        dprintf(STDERR_FILENO, "reader: console: %s\n", strerror(errno));  // in one call
        return 1;
    }
    char line[256];
    ssize_t length;
    while ((length = read(console, line, sizeof line)) > 0) {
        printf("<%.*s>\n", (int)length - (line[length - 1] == '\n'), line);
        fflush(stdout);
    }
    return length < 0;
}

// SPDX-License-Identifier: BSD-2-Clause
// slurp FILE: reads the file from its beginning to its end, again and again, until it is killed.
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char** argv) {
    static char buffer[65536];
    if (argc != 2) return 2;
    const int file = open(argv[1], O_RDONLY);
    if (file < 0) {
        perror(argv[1]);
        return 1;
    }
    for (;;) {
        ssize_t length;
        while ((length = read(file, buffer, sizeof buffer)) > 0) {}
        if (length < 0 || lseek(file, 0, SEEK_SET) != 0) {
            perror(argv[1]);
            return 1;
        }
    }
}

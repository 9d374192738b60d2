// SPDX-License-Identifier: BSD-2-Clause
// setmode OCTAL FILE: changes a file's mode.
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    if (chmod(argv[2], (mode_t)strtoul(argv[1], NULL, 8)) == 0) return 0;
    perror(argv[2]);
    return 1;
}

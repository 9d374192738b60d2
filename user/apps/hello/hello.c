// SPDX-License-Identifier: BSD-2-Clause
/* The smallest program: says hello, and what it was called with. */
#include <stdio.h>

int main(int argc, char** argv) {
    printf("Hello, world, from %s!\n", argc > 0 ? argv[0] : "nobody");
    for (int i = 1; i < argc; i++) printf("argument %d: %s\n", i, argv[i]);
    return 0;
}

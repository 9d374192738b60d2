// SPDX-License-Identifier: BSD-2-Clause
// refused COUNT FILE...: tries COUNT times to start one of the files, in turn. None may start.
#include <stdio.h>
#include <stdlib.h>

#include <sos.h>

int main(int argc, char** argv) {
    if (argc < 3) return 2;
    const int count = atoi(argv[1]);
    for (int i = 0; i < count; ++i) {
        const char* file = argv[2 + i % (argc - 2)];
        if (sos_process_create(file) < 0) continue;
        printf("refused: round %d: %s was started\n", i, file);
        return 1;
    }
    printf("refused: %d rounds\n", count);
    return 0;
}

// SPDX-License-Identifier: BSD-2-Clause
// hoard KIBIBYTES DELAY SECONDS: asks for that much memory, sleeps DELAY seconds, writes to all of
// the memory, and sleeps again.
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char** argv) {
    if (argc != 4) return 2;
    const size_t size = strtoul(argv[1], NULL, 10) << 10;
    char* const memory =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        perror("hoard");
        return 1;
    }
    sleep((unsigned)atoi(argv[2]));
    for (size_t i = 0; i < size; i += 4096) memory[i] = (char)(i >> 12);
    printf("hoard: has it\n");
    fflush(stdout);
    sleep((unsigned)atoi(argv[3]));
    return 0;
}

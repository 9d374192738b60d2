// SPDX-License-Identifier: BSD-2-Clause
// paste SIZE [FILE]: reads lines from the console, SIZE bytes a call at most, until there is one
// that says "end"; before the first read it waits for FILE to be there. Prints how many bytes came
// before that line, and their CRC-32.
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint32_t crc = ~0u;

static void add(const char* data, size_t size) {
    for (size_t i = 0; i < size; ++i) {
        crc ^= (unsigned char)data[i];
        for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
}

int main(int argc, char** argv) {
    static char line[65536];
    const size_t size = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
    if (size < 4 || size > sizeof line) return 2;
    const int console = open("console", O_RDONLY);
    if (console < 0) {
        perror("paste: console");
        return 1;
    }
    puts("reading");
    fflush(stdout);
    while (argc > 2 && access(argv[2], F_OK) != 0) usleep(20000);
    unsigned long total = 0;
    for (;;) {
        const ssize_t length = read(console, line, size);
        if (length < 0) return 1;
        if (length == 4 && memcmp(line, "end\n", 4) == 0) break;
        add(line, (size_t)length);
        total += (size_t)length;
    }
    printf("%lu bytes, CRC %08x\n", total, ~crc);
    return 0;
}

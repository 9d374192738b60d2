// SPDX-License-Identifier: BSD-2-Clause
// stammer MEBIBYTES PID LETTER: when the process PID has ended, writes a line of 3000 letters and a
// newline to the console, in one call. Half of it lies in a page that has been paged out, because so
// much other memory was touched since; the other half was touched again. "ready" is printed when all
// else is there that the program needs.
#include <sos.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { page = 4096, letters = 3000 };

static char* pages(size_t size) {
    char* const memory =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) exit(3);
    return memory;
}

int main(int argc, char** argv) {
    if (argc != 4) return 2;
    const size_t size = (size_t)atoi(argv[1]) << 20;
    const pid_t sign = atoi(argv[2]);
    char* const line = pages(2 * page) + page - letters / 2;
    memset(line, argv[3][0], letters);
    line[letters] = '\n';
    char* const other = pages(size);
    for (size_t at = 0; at < size; at += page) other[at] = 1;
    munmap(other, size);
    if (*(volatile char*)line != argv[3][0]) return 4;
    if (sos_process_wait(-1) != -1) return 5;  // there is no child: only to have the call's pages
    if (write(STDOUT_FILENO, "ready\n", 6) != 6) return 6;
    sos_process_wait(sign);
    return write(STDOUT_FILENO, line, letters + 1) == letters + 1 ? 0 : 7;
}

// SPDX-License-Identifier: BSD-2-Clause
/* Touches pages of stack and heap, and talks through its own sos_write and through libc. */
#include <sys/stat.h>

#include <fcntl.h>
#include <sos.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syscalls.h>
#include <ttyout.h>
#include <unistd.h>
#include <utils/page.h>
#include <utils/time.h>

enum { pages = 27 };
static const char* const high_address = (const char*)0x8000000000;

/* Not assert, which a build without assertions leaves out. */
static void check(int condition) {
    if (condition) return;
    printf("console_2021: something is wrong with memory\n");
    abort();
}

static void fill(char* memory) {
    for (size_t i = 0; i < pages; i++) memory[i * PAGE_SIZE_4K] = (char)i;
    for (size_t i = 0; i < pages; i++) check(memory[i * PAGE_SIZE_4K] == (char)i);
}

static void use_memory(void) {
    char on_stack[pages * PAGE_SIZE_4K];
    check(on_stack > high_address);
    fill(on_stack);
    char* on_heap = malloc(pages * PAGE_SIZE_4K);
    check(on_heap != NULL);
    fill(on_heap);
    free(on_heap);
}

int main(void) {
    sosapi_init_syscall_table();
    ttyout_init();
    char greeting[] = "written by the program's own sos_write\n";
    if (sos_write(greeting, strlen(greeting)) != strlen(greeting)) return 1;
    use_memory();

    const int64_t start = sos_sys_time_stamp();
    sos_sys_usleep(10 * US_IN_MS);
    printf("slept %lld us, pid %d\n", (long long)(sos_sys_time_stamp() - start), sos_my_id());

    /* libc's open creates a file in this era, as sos_sys_open does. */
    const char* name = "console_2021.tmp";
    int file = open(name, O_RDWR);
    if (file < 0 || write(file, "x", 1) != 1 || close(file) != 0) return 1;
    sos_stat_t status;
    if (sos_stat(name, &status) != 0 || status.st_size != 1) return 1;
    file = sos_sys_open(name, O_RDONLY);
    char byte = 0;
    if (sos_sys_read(file, &byte, 1) != 1 || byte != 'x' || sos_sys_close(file) != 0) return 1;
    return unlink(name) == 0 ? 0 : 1;
}

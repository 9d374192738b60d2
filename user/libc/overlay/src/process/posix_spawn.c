// SPDX-License-Identifier: BSD-2-Clause
/*
 * posix_spawn on SOS's spawn call. A new program starts with its output on the console and
 * inherits no files, so file actions cannot be had (ENOSYS); there are no signals, sessions or
 * process groups, so the attributes about signals mean nothing and the others are refused.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <spawn.h>
#include <string.h>

#include "syscall.h"

#define SOS_SPAWN 0x1015
/* abi/sos_file.hpp: max_argument_block, max_argument_strings */
#define MAX_BLOCK 32768
#define MAX_STRINGS 1024

/* Adds the strings to what is counted; 0 when they are too many or too long. */
static int measure(char *const *strings, size_t *count, size_t *size)
{
    for (; strings && *strings; strings++) {
        size_t bytes = strnlen(*strings, MAX_BLOCK) + 1;
        if (*count == MAX_STRINGS || bytes > MAX_BLOCK - *size) return 0;
        *count += 1;
        *size += bytes;
    }
    return 1;
}

static char *append(char *to, char *const *strings)
{
    for (; strings && *strings; strings++) to = stpcpy(to, *strings) + 1;
    return to;
}

int posix_spawn(pid_t *restrict pid, const char *restrict path,
                const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *restrict attr,
                char *const argv[restrict], char *const envp[restrict])
{
    const int without_meaning =
        POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_RESETIDS | POSIX_SPAWN_USEVFORK;
    if (actions && actions->__actions) return ENOSYS;
    if (attr && (attr->__flags & ~without_meaning)) return ENOSYS;

    size_t strings = 0, size = 0;
    if (!measure(argv, &strings, &size)) return E2BIG;
    size_t argc = strings;
    if (!measure(envp, &strings, &size)) return E2BIG;

    char block[size + 1];
    append(append(block, argv), envp);
    long result = __syscall(SOS_SPAWN, path, block, size, argc);
    if (result < 0) return (int)-result;
    if (pid) *pid = (pid_t)result;
    return 0;
}

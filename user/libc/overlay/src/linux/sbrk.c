// SPDX-License-Identifier: BSD-2-Clause
/*
 * sbrk for programs that keep a heap of their own. The break is theirs alone: malloc does not
 * move it, since SYS_brk with Linux's meaning answers -ENOSYS and malloc then uses mmap.
 */
#define _BSD_SOURCE
#include <errno.h>
#include <stdint.h>
#include <unistd.h>

#include "syscall.h"

#define SOS_BRK __SOS_NATIVE(214)

void *sbrk(intptr_t increment)
{
    unsigned long old = __syscall(SOS_BRK, 0);
    if (old > -4096UL) return (void *)__syscall_ret(old);
    if (increment == 0) return (void *)old;

    unsigned long wanted = old + (unsigned long)increment;
    if ((increment > 0) != (wanted > old)) return (void *)__syscall_ret(-ENOMEM);
    unsigned long now = __syscall(SOS_BRK, wanted);
    if (now > -4096UL) return (void *)__syscall_ret(now);
    if (now != wanted) return (void *)__syscall_ret(-ENOMEM);
    return (void *)old;
}

// SPDX-License-Identifier: BSD-2-Clause
/* brk for programs that keep a heap of their own; see sbrk.c. */
#define _BSD_SOURCE
#include <errno.h>
#include <unistd.h>

#include "syscall.h"

#define SOS_BRK __SOS_NATIVE(214)

int brk(void *end)
{
    unsigned long now = __syscall(SOS_BRK, end);
    if (now > -4096UL) return __syscall_ret(now);
    return now == (unsigned long)end ? 0 : __syscall_ret(-ENOMEM);
}

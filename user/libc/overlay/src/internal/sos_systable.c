// SPDX-License-Identifier: BSD-2-Clause
/*
 * The table that system calls go through (arch/aarch64/syscall_arch.h), as long as nobody brings
 * or fills one. It is weak: a strong `__sos_systable` elsewhere replaces it, initial value and all.
 */
#include <errno.h>

#include "syscall_arch.h"

static long no_system_calls(long a, long b, long c, long d, long e, long f, long n)
{
    return -ENOSYS;
}

__attribute__((__weak__)) __sos_syscall_function *__sos_systable[1] = {no_system_calls};

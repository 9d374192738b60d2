// SPDX-License-Identifier: BSD-2-Clause
// Ganesha takes on the identity of each NFS caller. An ordinary user may not do that, and need not:
// every file it serves is the user's own. So a refusal (EPERM) counts as success; for root the
// calls do what they say.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <grp.h>
#include <stdarg.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

static int is_identity_call(long number) {
    switch (number) {
    case SYS_setgroups:
    case SYS_setresuid:
    case SYS_setresgid:
    case SYS_setuid:
    case SYS_setgid:
        return 1;
    default:
        return 0;
    }
}

// Ganesha makes these calls by number, to change one thread's identity only.
long syscall(long number, ...) {
    static long (*real)(long, ...);
    if (!real) real = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");

    va_list list;
    va_start(list, number);
    long a[6];
    for (int i = 0; i < 6; ++i) a[i] = va_arg(list, long);
    va_end(list);

    const long result = real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (result == -1 && errno == EPERM && is_identity_call(number)) return 0;
    return result;
}

int setgroups(size_t count, const gid_t* groups) {
    return (int)syscall(SYS_setgroups, count, groups);
}

// These two report the previous identity and never an error; ganesha compares it with what it
// expects, which for an ordinary user is always its own.
int setfsuid(uid_t user) {
    if (geteuid() != 0) return (int)geteuid();
    return (int)syscall(SYS_setfsuid, (long)user);
}

int setfsgid(gid_t group) {
    if (geteuid() != 0) return (int)getegid();
    return (int)syscall(SYS_setfsgid, (long)group);
}

// SPDX-License-Identifier: BSD-2-Clause
/*
 * How musl makes a system call on SOS: an indirect call of the first entry of `__sos_systable`.
 * libc itself contains no `svc`. A program's start code and the SOS server each put their own
 * function into the table; until then, every call answers -ENOSYS (src/internal/sos_systable.c).
 *
 * The function gets six arguments and a number and returns a result or a negative errno:
 *   below 0x1000      a Linux AArch64 number with Linux's meaning, as musl uses them
 *   0x1000 to 0x1fff  a SOS call of that number, with SOS's arguments (abi/sos_syscall.hpp)
 *   0x2000 + n        the SOS call n below 0x1000, where SOS and Linux give n different meanings
 * A fixed number of arguments on purpose: a variadic function would spill eight registers. The
 * number is the last one, so that the arguments are already where a function for one number wants
 * them.
 */
#define __SYSCALL_LL_E(x) (x)
#define __SYSCALL_LL_O(x) (x)

typedef long __sos_syscall_function(long, long, long, long, long, long, long);
__attribute__((__visibility__("default"))) extern __sos_syscall_function* __sos_systable[1];

#define __SOS_SYSCALL(n, a, b, c, d, e, f) \
    (__sos_systable[0]((long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f), (long)(n)))

#define __SOS_NATIVE(n) (0x2000 + (n))

static inline long __syscall0(long n) {
    return __SOS_SYSCALL(n, 0, 0, 0, 0, 0, 0);
}

static inline long __syscall1(long n, long a) {
    return __SOS_SYSCALL(n, a, 0, 0, 0, 0, 0);
}

static inline long __syscall2(long n, long a, long b) {
    return __SOS_SYSCALL(n, a, b, 0, 0, 0, 0);
}

static inline long __syscall3(long n, long a, long b, long c) {
    return __SOS_SYSCALL(n, a, b, c, 0, 0, 0);
}

static inline long __syscall4(long n, long a, long b, long c, long d) {
    return __SOS_SYSCALL(n, a, b, c, d, 0, 0);
}

static inline long __syscall5(long n, long a, long b, long c, long d, long e) {
    return __SOS_SYSCALL(n, a, b, c, d, e, 0);
}

static inline long __syscall6(long n, long a, long b, long c, long d, long e, long f) {
    return __SOS_SYSCALL(n, a, b, c, d, e, f);
}

/* There is no vDSO, so VDSO_USEFUL stays undefined. */

#define IPC_64 0

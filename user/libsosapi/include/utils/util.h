// SPDX-License-Identifier: BSD-2-Clause
/* Small things that C lacks. Arguments of MIN, MAX, ROUND_* are evaluated once. */
#pragma once

#include <utils/page.h>
#include <utils/time.h>

#define BIT(n) (1ul << (n))
#define MASK(n) (BIT(n) - 1ul)
#define CLZ(x) __builtin_clz(x)
#define CTZ(x) __builtin_ctz(x)
#define CLZL(x) __builtin_clzl(x)
#define CTZL(x) __builtin_ctzl(x)
#define UNUSED __attribute__((unused))
#define NORETURN __attribute__((noreturn))
#define PACKED __attribute__((packed))
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#ifndef MIN
#define MIN(a, b)               \
    ({                          \
        __typeof__(a) a_ = (a); \
        __typeof__(b) b_ = (b); \
        a_ < b_ ? a_ : b_;      \
    })
#endif
#ifndef MAX
#define MAX(a, b)               \
    ({                          \
        __typeof__(a) a_ = (a); \
        __typeof__(b) b_ = (b); \
        a_ > b_ ? a_ : b_;      \
    })
#endif

#define ROUND_DOWN(n, multiple)               \
    ({                                        \
        __typeof__(n) n_ = (n);               \
        __typeof__(multiple) m_ = (multiple); \
        n_ - n_ % m_;                         \
    })
#define ROUND_UP(n, multiple)                    \
    ({                                           \
        __typeof__(n) n_ = (n);                  \
        __typeof__(multiple) m_ = (multiple);    \
        n_ % m_ == 0 ? n_ : n_ + (m_ - n_ % m_); \
    })

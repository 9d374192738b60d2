// SPDX-License-Identifier: BSD-2-Clause
// What lwIP wants to know of compiler and platform. Diagnostics are compiled out; a failed
// assertion is an invariant of lwIP broken, and ends SOS with a message.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define LWIP_TIMEVAL_PRIVATE 0
#define LWIP_PLATFORM_DIAG(message) \
    do {                            \
    } while (0)

#ifdef __cplusplus
extern "C" {
#endif
__attribute__((noreturn)) void sos_lwip_assertion_failed(const char *message, const char *file,
                                                         int line);
uint32_t sos_lwip_random(void);
#ifdef __cplusplus
}
#endif

#define LWIP_PLATFORM_ASSERT(message) sos_lwip_assertion_failed(message, __FILE__, __LINE__)
#define LWIP_RAND() sos_lwip_random()

typedef unsigned long sys_prot_t;

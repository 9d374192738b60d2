// SPDX-License-Identifier: BSD-2-Clause
/*
 * Console output and input without files. A program may define sos_write and sos_read itself;
 * the library's are weak, and write to and read from the console.
 */
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

void ttyout_init(void);
size_t sos_write(void* data, size_t count);
size_t sos_read(void* data, size_t count);

#ifdef __cplusplus
}
#endif

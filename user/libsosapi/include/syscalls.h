// SPDX-License-Identifier: BSD-2-Clause
/* The link between libc and SOS's system calls. */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Makes libc's system calls go to SOS. The start code has done so before main; calling it again
 * changes nothing.
 */
void sosapi_init_syscall_table(void);

#ifdef __cplusplus
}
#endif

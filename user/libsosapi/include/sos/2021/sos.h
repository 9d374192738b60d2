// SPDX-License-Identifier: BSD-2-Clause
/*
 * The SOS programming interface with the names used until August 2023. In programs built with
 * this header, libc's open creates a missing file as sos_sys_open does.
 */
#pragma once

#include <sos_common.h>

#ifdef __cplusplus
extern "C" {
#endif

/* `mode` is O_RDONLY, O_WRONLY or O_RDWR, with O_TRUNC and others; a missing file is created. */
int sos_sys_open(const char* path, fmode_t mode);
int sos_sys_close(int file);
int sos_sys_read(int file, char* buf, size_t nbyte);
int sos_sys_write(int file, const char* buf, size_t nbyte);

int64_t sos_sys_time_stamp(void); /* microseconds since boot */
void sos_sys_usleep(int usec);

#ifdef __cplusplus
}
#endif

// SPDX-License-Identifier: BSD-2-Clause
/*
 * The SOS programming interface with the names in use since August 2023.
 */
#pragma once

#include <sos_common.h>

#ifdef __cplusplus
extern "C" {
#endif

/* `mode` is O_RDONLY, O_WRONLY or O_RDWR, with O_TRUNC and others; a missing file is created. */
int sos_open(const char* path, fmode_t mode);
int sos_close(int file);
int sos_read(int file, char* buf, size_t nbyte);
int sos_write(int file, const char* buf, size_t nbyte);

int64_t sos_time_stamp(void); /* microseconds since boot */
void sos_usleep(int usec);

#ifdef __cplusplus
}
#endif

// SPDX-License-Identifier: BSD-2-Clause
/*
 * Console output; sos_write and sos_read are the file calls of <sos.h>.
 */
#pragma once

#include <sos.h>

#ifdef __cplusplus
extern "C" {
#endif

void ttyout_init(void);

#ifdef __cplusplus
}
#endif

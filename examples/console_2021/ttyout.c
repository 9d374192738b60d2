// SPDX-License-Identifier: BSD-2-Clause
/* The program's own console output, on the system call that writes there without a file. */
#include <sel4/sel4.h>
#include <sos.h>
#include <string.h>
#include <ttyout.h>

enum { console_out = 0x1000 };

void ttyout_init(void) {}

size_t sos_write(void* data, size_t count) {
    seL4_SetMR(0, console_out);
    seL4_SetMR(1, (seL4_Word)data);
    seL4_SetMR(2, count);
    seL4_Call(SOS_IPC_EP_CAP, seL4_MessageInfo_new(0, 0, 0, 3));
    return seL4_GetMR(0) == 0 ? seL4_GetMR(1) : 0;
}

size_t sos_read(void* data, size_t count) {
    (void)data;
    (void)count;
    return 0;
}

// SPDX-License-Identifier: BSD-2-Clause
// Sleeps until it is killed.
#include <sos.h>

int main(void) {
    for (;;) sos_usleep(1000000000);
}

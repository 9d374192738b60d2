// SPDX-License-Identifier: BSD-2-Clause
// Starts a program again and again, each time with another step of its creation made to fail (debug
// builds of SOS do that for a variable in its environment), and checks that each leaves nothing
// behind. First the steps of a process that finds a handler thread waiting for it; then, with so
// many processes alive that none is, those of making a handler.
// Prints "failures: N steps of WHAT failed, then it ran" for both.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <sos.h>
#include <sos_system.h>

#include "leaks.h"

enum { CALL_SPAWN = 0x1015, MOST_STEPS = 2000, KEPT_HANDLERS = 16 };

/// The pid, or -errno.
static int start(const char* variable, unsigned fail_after) {
    char block[64] = "leave";
    const size_t name = strlen(block) + 1;
    snprintf(block + name, sizeof block - name, "%s=%u", variable, fail_after);
    const uint64_t size = name + strlen(block + name) + 1;
    const uint64_t arguments[] = {(uintptr_t) "leave", (uintptr_t)block, size, 1};
    const sos_reply_t reply = sos_call(CALL_SPAWN, 4, arguments);
    return reply.error != 0 ? -(int)reply.error : (int)reply.results[0];
}

static int fail_each_step(const char* what, const char* variable) {
    // What the first one finds missing for good is no leak.
    sos_process_wait(start(variable, 0));
    sos_resource_count_t before;
    sos_resource_count(&before);
    for (unsigned step = 1; step < MOST_STEPS; ++step) {
        const int pid = start(variable, step);
        if (pid >= 0) {
            sos_process_wait(pid);
        } else if (pid != -ENOMEM) {
            printf("failures: step %u of %s: errno %d\n", step, what, -pid);
            return 1;
        }
        char who[64];
        snprintf(who, sizeof who, "failures: step %u of %s", step, what);
        if (!in_use_as(&before, who)) return 1;
        if (pid >= 0) {
            printf("failures: %u steps of %s failed, then it ran\n", step - 1, what);
            return 0;
        }
    }
    return 1;
}

int main(void) {
    if (fail_each_step("a process", "SOS_TEST_FAIL_AFTER") != 0) return 1;
    pid_t others[KEPT_HANDLERS];
    for (int i = 0; i < KEPT_HANDLERS; ++i) {
        others[i] = sos_process_create("nap");
        if (others[i] < 0) return 1;
    }
    // They sleep before anything is counted.
    sos_resource_count_t now = {0};
    for (int tries = 0; tries < 200 && now.timeouts < KEPT_HANDLERS; ++tries) {
        sos_usleep(50000);
        sos_resource_count(&now);
    }
    const int status = fail_each_step("a handler", "SOS_TEST_FAIL_HANDLER_AFTER");
    for (int i = 0; i < KEPT_HANDLERS; ++i) {
        sos_process_delete(others[i]);
        sos_process_wait(others[i]);
    }
    return status;
}

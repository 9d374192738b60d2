// SPDX-License-Identifier: BSD-2-Clause
// Starts a program again and again, each time with another step of its creation made to fail (debug
// builds of SOS do that for SOS_TEST_FAIL_AFTER=N), and checks that each leaves nothing behind.
// Prints "failures: N steps failed, then it ran".
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <sos.h>
#include <sos_system.h>

enum { CALL_SPAWN = 0x1015, MOST_STEPS = 2000 };

/// The pid, or -errno.
static int start(unsigned fail_after) {
    char block[64] = "leave";
    const size_t name = strlen(block) + 1;
    snprintf(block + name, sizeof block - name, "SOS_TEST_FAIL_AFTER=%u", fail_after);
    const uint64_t size = name + strlen(block + name) + 1;
    const uint64_t arguments[] = {(uintptr_t) "leave", (uintptr_t)block, size, 1};
    const sos_reply_t reply = sos_call(CALL_SPAWN, 4, arguments);
    return reply.error != 0 ? -(int)reply.error : (int)reply.results[0];
}

int main(void) {
    // What the first one finds missing for good, such as its handler thread, is no leak.
    sos_process_wait(start(0));
    sos_resource_count_t before, after;
    sos_resource_count(&before);
    for (unsigned step = 1; step < MOST_STEPS; ++step) {
        const int pid = start(step);
        if (pid >= 0) {
            sos_process_wait(pid);
        } else if (pid != -ENOMEM) {
            printf("failures: step %u: errno %d\n", step, -pid);
            return 1;
        }
        sos_resource_count(&after);
        if (memcmp(&before, &after, sizeof before) != 0) {
            printf("failures: step %u leaks: frames %lld, slots %lld, untyped bytes %lld\n", step,
                   (long long)(after.frames - before.frames),
                   (long long)(after.slots - before.slots),
                   (long long)(after.untyped_bytes - before.untyped_bytes));
            return 1;
        }
        if (pid >= 0) {
            printf("failures: %u steps failed, then it ran\n", step - 1);
            return 0;
        }
    }
    return 1;
}

// SPDX-License-Identifier: BSD-2-Clause
// Prints what is in use in the whole system, this program included: one class a line.
#include <inttypes.h>
#include <stdio.h>

#include <sos_system.h>

int main(void) {
    sos_resource_count_t now;
    if (sos_resource_count(&now) != 0) {
        perror("counts");
        return 1;
    }
    printf("frames %" PRIu64 "\nslots %" PRIu64 "\nuntyped_bytes %" PRIu64 "\n", now.frames,
           now.slots, now.untyped_bytes);
    printf("page_file_slots %" PRIu64 "\nreply_objects %" PRIu64 "\nhandler_threads %" PRIu64 "\n",
           now.page_file_slots, now.reply_objects, now.handler_threads);
    printf("open_files %" PRIu64 "\nfile_requests %" PRIu64 "\n", now.open_files,
           now.file_requests);
    printf("timeouts %" PRIu64 "\nprocesses %" PRIu64 "\n", now.timeouts, now.processes);
    return 0;
}

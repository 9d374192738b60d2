/* SPDX-License-Identifier: BSD-2-Clause */
/* Is as much in use as before? */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <sos.h>
#include <sos_system.h>

/* 1 once it is so, which may take a moment: what the dead left behind is being finished. 0 when it
 * was not within some seconds: prints "`who` leaks: " and by how much each count differs. */
static inline int in_use_as(const sos_resource_count_t* before, const char* who) {
    static const char* const names[] = {
        "frames",   "slots",      "untyped bytes", "page file slots", "reply objects",
        "handlers", "open files", "file requests", "timeouts",        "processes",
    };
    _Static_assert(sizeof *before == sizeof names / sizeof names[0] * sizeof(uint64_t),
                   "a name each");
    sos_resource_count_t now;
    for (int tries = 0; tries < 100; ++tries) {
        sos_resource_count(&now);
        if (memcmp(before, &now, sizeof now) == 0) return 1;
        sos_usleep(50000);
    }
    printf("%s leaks:", who);
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; ++i) {
        const uint64_t had = ((const uint64_t*)before)[i];
        const uint64_t has = ((const uint64_t*)&now)[i];
        if (has != had) printf(" %s %+lld", names[i], (long long)(has - had));
    }
    printf("\n");
    return 0;
}

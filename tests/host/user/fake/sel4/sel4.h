// SPDX-License-Identifier: BSD-2-Clause
// Stands in for the kernel's C header: libsosapi's calls end in a function of the test.
#pragma once

#include <cstdint>

using seL4_Word = std::uint64_t;

struct seL4_IPCBuffer {
    seL4_Word tag;
    seL4_Word msg[120];
    seL4_Word rest[7];
};

extern seL4_IPCBuffer* __sel4_ipc_buffer;

enum { seL4_SysCall = -1 };

void __sel4_trap(long number, seL4_Word* x0, seL4_Word* x1, seL4_Word* mr, seL4_Word x6,
                 seL4_Word x8);

inline void seL4_Yield() {}

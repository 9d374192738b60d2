// SPDX-License-Identifier: BSD-2-Clause
// Stands in for libsel4's system calls on the host (found first on the include path): Call goes to
// a FakeKernel, which the invocation stubs of libsel4 then talk to. Threads do not exist, so a
// wait would be for ever and aborts the test.
#pragma once

#include <cstdint>
#include <cstdlib>

#include "abi/syscall.hpp"
#include "sel4/types.hpp"

namespace sel4 {

struct Words {
    std::uint64_t mr[abi::message_registers] = {};
};

struct Received {
    Badge badge;
    abi::MessageInfo info;
    Words words;
};

/// Defined by fake_kernel.cpp.
Received call(CPtr destination, abi::MessageInfo info, const Words& words = {});

inline void send(CPtr, abi::MessageInfo, const Words& = {}) {}
inline void signal(CPtr) {}
inline Received wait(CPtr) {
    std::abort();
}
inline void debug_put_char(char) {}

}  // namespace sel4

// SPDX-License-Identifier: BSD-2-Clause
// What every thread of the server has of its own, reachable without a kernel call: TPIDR_EL0
// points to the thread's TLS area (ELF variant 1), which holds a pointer to this block.
#pragma once

#include <cstdint>

#include "sel4/types.hpp"

namespace sos {

/// Order in which locks may be taken: only upwards (docs/architecture.md, lock ranks).
enum class LockRank : unsigned {
    none = 0,
    frame_table = 1,
    cspace_untyped = 2,
    timer = 3,
    console = 4
};

struct ThreadBlock {
    const char* name = "?";
    sel4::CPtr tcb{};
    LockRank held = LockRank::none;    // the highest rank held
    std::uint64_t work_of_others = 0;  // ticks, since its turn was looked at (thread/turn.hpp)
};

/// Null in code that runs before the thread has its block (the first lines of main).
extern "C" __thread ThreadBlock* sos_current_thread;

/// Checked where a thread is about to wait for another: no lock may be held across that.
inline void assert_no_lock_held() {
    ASSERT(sos_current_thread == nullptr || sos_current_thread->held == LockRank::none);
}

}  // namespace sos

// SPDX-License-Identifier: BSD-2-Clause
// The processor's counter as server threads use it to measure how long something took.
#pragma once

#include <cstdint>

#include "base/tick_rate.hpp"

namespace sos::thread {

#ifdef __aarch64__
/// Without a barrier: a few instructions more or less do not matter.
inline std::uint64_t counter() {
    std::uint64_t value;
    asm volatile("mrs %0, cntpct_el0" : "=r"(value));
    return value;
}
inline base::TickRate counter_rate() {
    std::uint64_t value;
    asm("mrs %0, cntfrq_el0" : "=r"(value));
    return base::TickRate{value};
}
#else
// Tests of what stands above need no time.
inline std::uint64_t counter() {
    return 0;
}
inline base::TickRate counter_rate() {
    return base::TickRate{base::TickRate::min_hz};
}
#endif

}  // namespace sos::thread

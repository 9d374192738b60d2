// SPDX-License-Identifier: BSD-2-Clause
// The counter that the server's clock is made of, as a program reads it (Arm ARM D11.1).
#pragma once

#include <cstdint>

namespace sosapi::system_counter {

inline std::uint64_t frequency_hz() {
    std::uint64_t value;
    asm("mrs %0, cntfrq_el0" : "=r"(value));
    return value;
}

inline std::uint64_t now() {
    std::uint64_t value;
    // The barrier keeps the read from being done early (Arm ARM D11.2.2).
    asm volatile("isb\n\tmrs %0, cntpct_el0" : "=r"(value)::"memory");
    return value;
}

}  // namespace sosapi::system_counter

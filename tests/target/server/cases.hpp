// SPDX-License-Identifier: BSD-2-Clause
// Cases of the server's lower half: functions that return what went wrong, or null.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "abi/boot_info.hpp"

namespace server_tests {

struct Case {
    const char* name;
    const char* (*run)();
};

std::span<const Case> res_cases();
std::span<const Case> vm_cases();

/// Instructions since the machine started, when QEMU counts one as a nanosecond; else time.
inline std::uint64_t nanoseconds() {
    std::uint64_t ticks = 0;
    asm volatile("isb; mrs %0, cntpct_el0" : "=r"(ticks));
    return ticks * 16;
}

}  // namespace server_tests

/// Ends the case with the condition's text as the reason.
#define EXPECT(condition)                    \
    do {                                     \
        if (!(condition)) return #condition; \
    } while (false)

// SPDX-License-Identifier: BSD-2-Clause
// Domains (seL4 manual 6.3); this configuration has one.
#pragma once

#include "sel4/invoke.hpp"

namespace sel4 {

inline Result<void> domain_set(CPtr control, std::uint64_t domain, CPtr tcb) {
    return invoke<1, 1>(control, abi::Invocation::domain_set_set, {domain}, {tcb});
}

inline Result<void> domain_schedule_configure(CPtr control, std::uint64_t index,
                                              std::uint64_t domain, std::uint64_t duration_ticks) {
    return invoke<3>(control, abi::Invocation::domain_set_schedule_configure,
                     {index, domain, duration_ticks});
}

inline Result<void> domain_schedule_set_start(CPtr control, std::uint64_t index) {
    return invoke<1>(control, abi::Invocation::domain_set_schedule_set_start, {index});
}

}  // namespace sel4

// SPDX-License-Identifier: BSD-2-Clause
// Scheduling contexts and SchedControl (seL4 manual 6.1, MCS).
#pragma once

#include "abi/sched.hpp"
#include "sel4/invoke.hpp"

namespace sel4 {

/// Budget and period in microseconds; equal ones mean round robin.
inline Result<void> sched_control_configure(CPtr control, CPtr sched_context,
                                            std::uint64_t budget_us, std::uint64_t period_us,
                                            std::uint64_t extra_refills = 0,
                                            std::uint64_t badge = 0, std::uint64_t flags = 0) {
    return invoke<5, 1>(control, abi::Invocation::sched_control_configure_flags,
                        {budget_us, period_us, extra_refills, badge, flags}, {sched_context});
}

/// `object` is a TCB or a notification.
inline Result<void> sched_context_bind(CPtr sched_context, CPtr object) {
    return invoke<0, 1>(sched_context, abi::Invocation::sched_context_bind, {}, {object});
}

inline Result<void> sched_context_unbind(CPtr sched_context) {
    return invoke(sched_context, abi::Invocation::sched_context_unbind);
}

inline Result<void> sched_context_unbind_object(CPtr sched_context, CPtr object) {
    return invoke<0, 1>(sched_context, abi::Invocation::sched_context_unbind_object, {}, {object});
}

/// Microseconds charged since the last read.
inline Result<std::uint64_t> sched_context_consumed(CPtr sched_context) {
    return invoke_word(sched_context, abi::Invocation::sched_context_consumed);
}

inline Result<std::uint64_t> sched_context_yield_to(CPtr sched_context) {
    return invoke_word(sched_context, abi::Invocation::sched_context_yield_to);
}

}  // namespace sel4

// SPDX-License-Identifier: BSD-2-Clause
#include "object/domain.hpp"

#include "sched/scheduler.hpp"

namespace numbat {

namespace {

constexpr std::uint64_t domain_count = 1;
constexpr std::uint64_t schedule_length = 2;  // entry 1 is the end marker
constexpr std::uint64_t start_index = 0;
constexpr unsigned duration_bits = 56;

InvocationResult set(Invocation& invocation) {
    if (invocation.length < 1) return Fail(SysError::truncated());
    if (invocation.mr(0) >= domain_count) return Fail(SysError::invalid_argument(0));
    if (invocation.extra_count < 1) return Fail(SysError::truncated());
    const Cap cap = invocation.extra[0]->cap;
    if (!cap.is<TcbCap>()) return Fail(SysError::invalid_argument(1));
    requeue(cap.as<TcbCap>().object());
    return Outcome::done;
}

InvocationResult schedule_configure(Invocation& invocation) {
    if (invocation.length < 3) return Fail(SysError::truncated());
    const std::uint64_t index = invocation.mr(0);
    const std::uint64_t duration = invocation.mr(2);
    // Only the entries in front of the end marker can be set.
    if (index >= schedule_length - 1) return Fail(SysError::range(0, schedule_length - 2));
    if (invocation.mr(1) >= domain_count) return Fail(SysError::range(0, domain_count - 1));
    if (duration >= base::bit(duration_bits)) return Fail(SysError::invalid_argument(2));
    if (index == start_index && duration == 0) return Fail(SysError::invalid_argument(2));
    return Outcome::done;
}

InvocationResult schedule_set_start(Invocation& invocation) {
    if (invocation.length < 1) return Fail(SysError::truncated());
    const std::uint64_t index = invocation.mr(0);
    if (index >= schedule_length) return Fail(SysError::range(0, schedule_length - 1));
    if (index == schedule_length - 1) return Fail(SysError::invalid_argument(0));
    return Outcome::done;
}

}  // namespace

InvocationResult invoke_domain(Invocation& invocation) {
    switch (invocation.label) {
        case abi::Invocation::domain_set_set:
            return set(invocation);
        case abi::Invocation::domain_set_schedule_configure:
            return schedule_configure(invocation);
        case abi::Invocation::domain_set_schedule_set_start:
            return schedule_set_start(invocation);
        default:
            return Fail(SysError::illegal_operation());
    }
}

}  // namespace numbat

// SPDX-License-Identifier: BSD-2-Clause
// DomainSet with the one domain of this configuration: arguments are checked, and only the requeue
// of Set is visible (sel4-abi 7.7).
#include "object/invoke.hpp"
#include "sched/scheduler.hpp"

namespace numbat {

namespace {

constexpr std::uint64_t domain_count = 1;
constexpr std::uint64_t schedule_length = 2;  // entry 1 is the end marker
constexpr std::uint64_t start_index = 0;
constexpr unsigned duration_bits = 56;

struct Domains {};  // there is one set, without state

InvocationResult set(Invocation& invocation, Domains) {
    if (invocation.mr(0) >= domain_count) return fail::invalid_argument(0);
    if (invocation.extra_count < 1) return fail::truncated();
    const Cap cap = invocation.extra[0]->cap;
    if (!cap.is<TcbCap>()) return fail::invalid_argument(1);
    requeue(cap.as<TcbCap>().object());
    return Outcome::done;
}

InvocationResult schedule_configure(Invocation& invocation, Domains) {
    const std::uint64_t index = invocation.mr(0);
    const std::uint64_t duration = invocation.mr(2);
    // Only the entries in front of the end marker can be set.
    if (index >= schedule_length - 1) return fail::range(0, schedule_length - 2);
    if (invocation.mr(1) >= domain_count) return fail::range(0, domain_count - 1);
    if (duration >= base::bit(duration_bits)) return fail::invalid_argument(2);
    if (index == start_index && duration == 0) return fail::invalid_argument(2);
    return Outcome::done;
}

InvocationResult schedule_set_start(Invocation& invocation, Domains) {
    const std::uint64_t index = invocation.mr(0);
    if (index >= schedule_length) return fail::range(0, schedule_length - 1);
    if (index == schedule_length - 1) return fail::invalid_argument(0);
    return Outcome::done;
}

/// In the order of their labels: words that each needs, and what it does.
constexpr Method<Domains> methods[] = {
    {1, 0, set}, {3, 0, schedule_configure}, {1, 0, schedule_set_start}};

}  // namespace

InvocationResult invoke_domain(Invocation& invocation) {
    return run_method(methods, abi::Invocation::domain_set_set, invocation, Domains{});
}

}  // namespace numbat

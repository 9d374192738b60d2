// SPDX-License-Identifier: BSD-2-Clause
// Refills: the sporadic-server arithmetic of a scheduling context (sel4-abi 10.4). Pure functions
// of the context and the time: no queue, no clock.
//
// A ring of (time, amount). Budget < period: a sliding window; the amounts always add up to the
// budget, the entries are ordered and do not overlap, and the head holds at least the minimum
// budget whenever no charge is pending. Round robin (period 0): what remains of the slice; always
// ready.
#pragma once

#include "object/sched_context.hpp"

namespace numbat::refill {

inline constexpr Ticks min_budget = abi::us_to_ticks(abi::min_budget_us);
inline constexpr Ticks latest_time = ~Ticks{0} - 5 * abi::us_to_ticks(abi::max_period_us);

inline Refill& head(SchedContext& context) {
    return context.refills[context.head];
}
inline const Refill& head(const SchedContext& context) {
    return context.refills[context.head];
}

/// May the head be used at `now`?
inline bool ready(const SchedContext& context, Ticks now) {
    return context.round_robin() || head(context).time <= now;
}
/// Is enough of the head left for a system call, beyond what is `pending`? That is the minimum
/// budget; half of the whole one if it is smaller than twice that, or its threads could never do
/// one: some time has always passed.
inline bool sufficient(const SchedContext& context, Ticks pending) {
    return head(context).amount >= pending + context.reserve;
}

struct Parameters {
    Ticks budget;
    Ticks period;  // 0: round robin
    std::uint32_t refill_max;
};

/// New parameters: one full refill at `now`.
void reset(SchedContext& context, const Parameters& parameters, Ticks now);
/// Changed parameters of a context in use: what the head still holds counts.
void update(SchedContext& context, const Parameters& parameters, Ticks now);
/// Round robin: notes use without end of slice.
inline void consume_round_robin(SchedContext& context, Ticks used) {
    ASSERT(used <= context.refills[0].amount);
    context.refills[0].amount -= used;
}
/// Round robin: charged since the slice began. It goes to `consumed` before the next one does.
inline Ticks used_of_slice(const SchedContext& context) {
    return context.round_robin() ? context.slice - context.refills[0].amount : 0;
}
/// Round robin: the slice is used up; a full one starts.
inline void restart_round_robin(SchedContext& context) {
    context.consumed += used_of_slice(context);
    context.refills[0].amount = context.slice;
}
/// Budget < period: charges `used` ticks.
void charge(SchedContext& context, Ticks used);
/// Budget < period: a ready head starts now; refills it then overlaps are merged into it.
void unblock(SchedContext& context, Ticks now);

}  // namespace numbat::refill

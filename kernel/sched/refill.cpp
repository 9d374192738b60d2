// SPDX-License-Identifier: BSD-2-Clause
#include "sched/refill.hpp"

#include <algorithm>

namespace numbat::refill {

namespace {

std::uint32_t next_index(const SchedContext& context, std::uint32_t index) {
    return index + 1 == context.refill_max ? 0 : index + 1;
}

Refill& tail(SchedContext& context) {
    std::uint32_t index = context.head + context.count - 1;
    if (index >= context.refill_max) index -= context.refill_max;
    return context.refills[index];
}

Refill pop_head(SchedContext& context) {
    ASSERT(context.count > 1);
    const Refill old = head(context);
    context.head = next_index(context, context.head);
    --context.count;
    return old;
}

void append(SchedContext& context, Refill refill) {
    Refill& last = tail(context);
    if (last.time + last.amount >= refill.time) {
        last.amount += refill.amount;
    } else if (context.count < context.refill_max) {
        ++context.count;
        tail(context) = refill;
    } else {
        // No room: the last refill comes later instead, so that it ends with this one.
        last.time = refill.time - last.amount;
        last.amount += refill.amount;
    }
}

/// A head below the minimum budget could not be used: give it to the next one, so much earlier.
void merge_small_head(SchedContext& context) {
    while (head(context).amount < min_budget && context.count > 1) {
        const Refill old = pop_head(context);
        head(context).amount += old.amount;
        head(context).time -= old.amount;
    }
}

/// The ring begins anew with one entry.
void set_parameters(SchedContext& context, const Parameters& parameters) {
    context.consumed += used_of_slice(context);
    context.period = parameters.period;
    context.refill_max = parameters.refill_max;
    context.always_ready = parameters.period == 0;
    context.reserve = std::min(min_budget, parameters.budget / 2);
    context.slice = parameters.budget;
    context.head = 0;
    context.count = 1;
}

}  // namespace

void reset(SchedContext& context, const Parameters& parameters, Ticks now) {
    set_parameters(context, parameters);
    context.refills[0] = {.time = now, .amount = parameters.budget};
}

void update(SchedContext& context, const Parameters& parameters, Ticks now) {
    const bool was_ready = ready(context, now);
    Refill kept = head(context);
    if (was_ready) kept.time = now;
    set_parameters(context, parameters);
    if (kept.amount >= parameters.budget) {
        context.refills[0] = {.time = kept.time, .amount = parameters.budget};
        return;
    }
    context.refills[0] = kept;
    append(context,
           {.time = kept.time + parameters.period, .amount = parameters.budget - kept.amount});
    merge_small_head(context);
}

void charge(SchedContext& context, Ticks used) {
    const Ticks period = context.period;
    while (used >= head(context).amount && head(context).time < latest_time) {
        used -= head(context).amount;
        if (context.count == 1) {
            head(context).time += period;
        } else {
            const Refill old = pop_head(context);
            append(context, {.time = old.time + period, .amount = old.amount});
        }
    }
    // At the end of representable time nothing is left to be moved.
    if (used > 0 && used < head(context).amount) {
        const Ticks old_time = head(context).time;
        head(context).amount -= used;
        head(context).time += used;
        append(context, {.time = old_time + period, .amount = used});
    }
    merge_small_head(context);
}

void unblock(SchedContext& context, Ticks now) {
    if (!ready(context, now)) return;
    head(context).time = now;
    while (context.count > 1) {
        const Refill& following = context.refills[next_index(context, context.head)];
        if (following.time > head(context).time + head(context).amount) break;
        const Refill old = pop_head(context);
        head(context).time = old.time;
        head(context).amount += old.amount;
    }
}

}  // namespace numbat::refill

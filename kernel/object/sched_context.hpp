// SPDX-License-Identifier: BSD-2-Clause
// SchedContext: a right to time. Budget and period as a ring of refills (sched/refill.hpp), bound
// to at most one thread and one notification, and the chain of calls it was donated through
// (object/reply.hpp). Objects of more than 128 bytes have room for more refills behind the two
// here. Both ends of a binding name each other; time is charged to the running context only.
#pragma once

#include <cstdint>

#include "abi/sched.hpp"
#include "api/invocation.hpp"
#include "cap/cap.hpp"

namespace numbat {

using Ticks = std::uint64_t;

struct Refill {
    Ticks time;
    Ticks amount;
};

struct SchedContext {
    Ticks period;    // 0: round robin
    Ticks consumed;  // charged since the last read; round robin: up to the start of the slice
    Tcb* tcb;
    Reply* reply;  // newest call
    Notification* notification;
    std::uint64_t badge;
    Tcb* yield_from;           // waits in YieldTo for this context
    std::uint32_t refill_max;  // 0: not configured
    std::uint32_t head;
    std::uint32_t count;
    bool sporadic;
    bool always_ready;  // configured, and round robin
    Ticks reserve;      // what must be left of the head for a system call to begin
    Ticks slice;        // round robin: the whole budget
    std::uint64_t reserved;
    Refill refills[2];

    bool active() const { return refill_max != 0; }
    bool round_robin() const { return period == 0; }
};
static_assert(sizeof(SchedContext) == abi::sched_context_core_bytes);
static_assert(sizeof(Refill) == abi::refill_bytes);

constexpr std::uint64_t max_refills(unsigned size_bits) {
    return 2 + (base::bit(size_bits) - abi::sched_context_core_bytes) / abi::refill_bytes;
}

InvocationResult invoke_sched_context(Invocation& invocation, SchedContextCap cap);
InvocationResult invoke_sched_control(Invocation& invocation);

/// SetSchedParams and SchedContext_Bind share these checks: may the context serve this thread?
Result<void> check_bind(const SchedContext& context, const Tcb& thread);
void bind_tcb(SchedContext& context, Tcb& thread);
/// The thread becomes passive; the call chain stays.
void unbind_tcb(SchedContext& context);
void unbind_sched_notification(SchedContext& context);
/// Moves the context from whoever has it to `thread`, which has none.
void donate(SchedContext& context, Tcb& thread);
/// Microseconds charged since the last read; clears the count.
std::uint64_t take_consumed(SchedContext& context);
/// Ends a YieldTo: its caller gets its result.
void complete_yield(Tcb& yielder);
void finalise_sched_context(SchedContext& context);

}  // namespace numbat

// SPDX-License-Identifier: BSD-2-Clause
// What the boot code needs of the core: the first capabilities and the first thread.
#include "api/debug.hpp"
#include "arch/contract.hpp"
#include "cap/derivation.hpp"
#include "sched/scheduler.hpp"

namespace numbat {

namespace {

constinit SchedContext idle_context{};

}  // namespace

void insert_initial_cap(Slot& slot, Cap cap) {
    ASSERT(slot.empty());
    slot.cap = cap;
    slot.set_links(nullptr, nullptr, DerivationFlags::original);
}

void insert_initial_cap(Slot& slot, Cap cap, Slot& parent) {
    insert_child(slot, cap, parent, DerivationFlags::original);
}

void insert_initial_copy(Slot& slot, Cap cap, Slot& source) {
    insert_copy(slot, cap, source);
}

void init_core(Tcb& idle_thread) {
    // Endless: not being active, it is never charged.
    idle_context.refills[0] = {.time = 0, .amount = base::bit(62)};
    idle_context.tcb = &idle_thread;
    idle_thread.sched_context = &idle_context;
    idle_thread.state = ThreadState::idle;
    core.idle = &idle_thread;
    core.current = &idle_thread;
    core.current_context = &idle_context;
    core.now = core.charged_until = arch::current_ticks();
}

void start_root_thread(Tcb& thread, SchedContext& context) {
    core.now = arch::current_ticks();
    debug_add_thread(thread);
    thread.priority = abi::max_priority;
    thread.mcp = abi::max_priority;
    arch::mcp_changed(thread, arch::Running::no);
    thread.state = ThreadState::running;
    refill::reset(
        context,
        {.budget = abi::us_to_ticks(abi::boot_time_slice_us), .period = 0, .refill_max = 2},
        core.now);
    context.tcb = &thread;
    thread.sched_context = &context;
    core.ready.push_front(thread);
    reschedule();
}

Tcb* first_thread() {
    return schedule();
}

}  // namespace numbat

// SPDX-License-Identifier: BSD-2-Clause
#include "thread/turn.hpp"

#include <utility>

#include "abi/boot_info.hpp"
#include "error.hpp"
#include "sel4/sched_context.hpp"
#include "sel4/tcb.hpp"
#include "thread/thread.hpp"

namespace sos::thread {

namespace {

/// Cannot be refused: the capability is ours as long as the thread is, and the root thread may give
/// any priority.
void set_priority(sel4::CPtr tcb, unsigned value) {
    MUST(sel4::tcb_set_priority(tcb, sel4::CPtr{abi::init_cap::tcb}, value));
}

}  // namespace

void Turn::init(sel4::CPtr tcb, sel4::CPtr sched_context) {
    tcb_ = tcb;
    sched_context_ = sched_context;
    account_ = TurnAccount{counter_rate().to_ticks(program_slice_us)};
    account_.restart(counter());
}

bool Turn::look() {
    const std::uint64_t own_us = MUST(sel4::sched_context_consumed(sched_context_));
    const std::uint64_t others = std::exchange(sos_current_thread->work_of_others, 0);
    return account_.look(counter(), counter_rate().to_ticks(own_us) + others);
}

void Turn::join_line() {
    in_line_.store(true, std::memory_order_seq_cst);
    set_priority(tcb_, priority::user);
}

void Turn::wait_in_line() {
    sel4::yield();
}

void Turn::leave_line() {
    set_priority(tcb_, priority::handler);
    in_line_.store(false, std::memory_order_release);
}

void Turn::hurry() {
    if (in_line_.load(std::memory_order_seq_cst)) set_priority(tcb_, priority::handler);
}

}  // namespace sos::thread

// SPDX-License-Identifier: BSD-2-Clause
#include "object/tcb_ops.hpp"

#include <algorithm>

#include "abi/fault.hpp"
#include "api/debug.hpp"
#include "api/message.hpp"
#include "object/endpoint.hpp"
#include "object/notification.hpp"
#include "object/sched_context.hpp"
#include "sched/scheduler.hpp"

namespace numbat {

namespace {

/// Where the context holds each word of the user context: x registers, and the others by name.
using Place = arch::Context::Place;
constexpr std::uint8_t pc = Place::restart_pc_at, sp = Place::sp_at, spsr = Place::spsr_at;
constexpr std::uint8_t tls = Place::tpidr_at, tls_ro = Place::tpidrro_at;
constexpr std::uint8_t context_words[abi::user_context_words] = {
    pc, sp, spsr, 0,  1,  2,  3,  4,  5,  6,  7,  8,  16, 17, 18, 29, 30,  9,
    10, 11, 12,   13, 14, 15, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, tls, tls_ro};

std::uint64_t read_register(const Tcb& thread, unsigned index) {
    return thread.context.words()[context_words[index]];
}

InvocationResult read_registers(Invocation& invocation, Tcb& thread) {
    const std::uint64_t flags = invocation.mr(0);
    const std::uint64_t count = invocation.mr(1);
    if (count < 1 || count > abi::user_context_words) {
        return fail::range(1, abi::user_context_words);
    }
    if (&thread == core.current) return fail::illegal_operation();
    if ((flags & 1) != 0) suspend(thread);
    if (!invocation.is_call()) return Outcome::done;
    MessageWriter message(invocation.caller);
    for (unsigned i = 0; i < count; ++i) message.put(read_register(thread, i));
    invocation.result_count = static_cast<std::uint8_t>(message.length());
    return Outcome::done;
}

InvocationResult write_registers(Invocation& invocation, Tcb& thread) {
    if (invocation.length - 2 < invocation.mr(1)) return fail::truncated();
    if (&thread == core.current) return fail::illegal_operation();
    const std::uint64_t count = std::min<std::uint64_t>(invocation.mr(1), abi::user_context_words);
    for (unsigned i = 0; i < count; ++i) write_register(thread, i, invocation.mr(2 + i));
    thread.context.next_pc = thread.context.restart_pc;
    if ((invocation.mr(0) & 1) != 0) resume(thread);
    return Outcome::done;
}

InvocationResult copy_registers(Invocation& invocation, Tcb& thread) {
    const Cap source_cap = invocation.extra[0]->cap;
    if (!source_cap.is<TcbCap>()) return fail::invalid_capability(1);
    Tcb& source = source_cap.as<TcbCap>().object();
    const std::uint64_t flags = invocation.mr(0);
    if ((flags & 1) != 0) suspend(source);
    if ((flags & 2) != 0) resume(thread);
    unsigned first = 0;
    unsigned end = abi::user_context_words;
    if ((flags & 4) == 0) first = abi::frame_register_count;
    if ((flags & 8) == 0) end = abi::frame_register_count;
    for (unsigned i = first; i < end; ++i) write_register(thread, i, read_register(source, i));
    return Outcome::done;
}

InvocationResult bind_notification_to(Invocation& invocation, Tcb& thread) {
    const Cap cap = invocation.extra[0]->cap;
    if (thread.bound_notification != nullptr || !cap.is<NotificationCap>() ||
        !cap.as<NotificationCap>().can_read()) {
        return fail::illegal_operation();
    }
    Notification& notification = cap.as<NotificationCap>().object();
    if (notification.state == NotificationState::waiting || notification.bound_tcb != nullptr) {
        return fail::illegal_operation();
    }
    bind_notification(thread, notification);
    return Outcome::done;
}

InvocationResult set_flags(Invocation& invocation, Tcb& thread) {
    const std::uint64_t clear = invocation.mr(0);
    const std::uint64_t set = invocation.mr(1);
    thread.flags =
        static_cast<std::uint8_t>((thread.flags & ~clear) | (set & abi::tcb_flags::fpu_disabled));
    arch::fpu_flags_changed(thread);
    invocation.result(0, thread.flags);
    return Outcome::done;
}

InvocationResult set_tls_base(Invocation& invocation, Tcb& thread) {
    thread.context.tpidr = invocation.mr(0);
    return Outcome::done;
}

InvocationResult unbind_notification_from(Invocation&, Tcb& thread) {
    if (thread.bound_notification == nullptr) return fail::illegal_operation();
    unbind_notification(thread);
    return Outcome::done;
}

InvocationResult suspend_thread(Invocation&, Tcb& thread) {
    suspend(thread);
    return Outcome::done;
}

InvocationResult resume_thread(Invocation&, Tcb& thread) {
    resume(thread);
    return Outcome::done;
}

/// In the order of their labels: words and extra capabilities that each needs, and what it does.
constexpr Method<Tcb&> methods[] = {
    {2, 0, read_registers},       {2, 0, write_registers},
    {1, 1, copy_registers},       {3, 3, tcb_configure},
    {1, 1, tcb_set_priority},     {1, 1, tcb_set_mc_priority},
    {2, 3, tcb_set_sched_params}, {0, 1, tcb_set_timeout_endpoint},
    {1, 1, tcb_set_ipc_buffer},   {2, 3, tcb_set_space},
    {0, 0, suspend_thread},       {0, 0, resume_thread},
    {0, 1, bind_notification_to}, {0, 0, unbind_notification_from},
    {1, 0, set_tls_base},         {2, 0, set_flags},
};

}  // namespace

void write_register(Tcb& thread, unsigned index, std::uint64_t value) {
    if (context_words[index] == spsr) value = arch::sanitise_spsr(value);
    if (context_words[index] == pc) {
        // The thread goes on there whether it is restarted or continued.
        thread.context.next_pc = value;
        thread.cache_progress = 0;
    }
    thread.context.words()[context_words[index]] = value;
}

void suspend(Tcb& thread) {
    cancel_ipc(thread);
    // In user code the next instruction is where it goes on; the running thread is in its `svc`.
    if (thread.state == ThreadState::running && &thread != core.current) {
        thread.context.restart_pc = thread.context.next_pc;
    }
    if (thread.yield_to != nullptr) {
        thread.yield_to->yield_from = nullptr;
        thread.yield_to = nullptr;
    }
    dequeue(thread);
    thread.state = ThreadState::inactive;
    stop_if_current(thread);
}

void resume(Tcb& thread) {
    if (thread.state != ThreadState::inactive && !thread.blocked()) return;
    cancel_ipc(thread);
    thread.state = ThreadState::restart;
    wake(thread);
}

void init_tcb(Tcb& thread) {
    arch::init_context(thread.context);
    debug_add_thread(thread);
}

void finalise_tcb(Tcb& thread) {
    unbind_notification(thread);
    if (thread.sched_context != nullptr) unbind_tcb(*thread.sched_context);
    suspend(thread);
    arch::forget_owner(thread);
    debug_remove_thread(thread);
}

InvocationResult invoke_tcb(Invocation& invocation, TcbCap cap) {
    return run_method(methods, abi::Invocation::tcb_read_registers, invocation, cap.object());
}

}  // namespace numbat

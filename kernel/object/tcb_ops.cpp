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

/// x register of each word of the user context; the others are named.
enum : std::uint8_t { word_pc = 100, word_sp, word_spsr, word_tpidr, word_tpidrro };
constexpr std::uint8_t context_words[abi::user_context_words] = {
    word_pc, word_sp, word_spsr, 0,  1,  2,  3,  4,  5,  6,  7,          8,
    16,      17,      18,        29, 30, 9,  10, 11, 12, 13, 14,         15,
    19,      20,      21,        22, 23, 24, 25, 26, 27, 28, word_tpidr, word_tpidrro};

InvocationResult read_registers(Invocation& invocation, Tcb& thread) {
    if (invocation.length < 2) return Fail(SysError::truncated());
    const std::uint64_t flags = invocation.mr(0);
    const std::uint64_t count = invocation.mr(1);
    if (count < 1 || count > abi::user_context_words) {
        return Fail(SysError::range(1, abi::user_context_words));
    }
    if (&thread == core.current) return Fail(SysError::illegal_operation());
    if ((flags & 1) != 0) suspend(thread);
    if (!invocation.is_call()) return Outcome::done;
    MessageWriter message(invocation.caller);
    for (unsigned i = 0; i < count; ++i) message.put(read_register(thread, i));
    invocation.result_count = static_cast<std::uint8_t>(message.length());
    return Outcome::done;
}

InvocationResult write_registers(Invocation& invocation, Tcb& thread) {
    if (invocation.length < 2 || invocation.length - 2 < invocation.mr(1)) {
        return Fail(SysError::truncated());
    }
    if (&thread == core.current) return Fail(SysError::illegal_operation());
    const std::uint64_t count = std::min<std::uint64_t>(invocation.mr(1), abi::user_context_words);
    for (unsigned i = 0; i < count; ++i) write_register(thread, i, invocation.mr(2 + i));
    // The thread goes on there whether it is restarted or continued.
    if (count == 0) {
        thread.context.next_pc = thread.context.restart_pc;
    }
    if ((invocation.mr(0) & 1) != 0) resume(thread);
    return Outcome::done;
}

InvocationResult copy_registers(Invocation& invocation, Tcb& thread) {
    if (invocation.length < 1 || invocation.extra_count < 1) return Fail(SysError::truncated());
    const Cap source_cap = invocation.extra[0]->cap;
    if (!source_cap.is<TcbCap>()) return Fail(SysError::invalid_capability(1));
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
    if (invocation.extra_count < 1) return Fail(SysError::truncated());
    const Cap cap = invocation.extra[0]->cap;
    if (thread.bound_notification != nullptr || !cap.is<NotificationCap>() ||
        !cap.as<NotificationCap>().can_read()) {
        return Fail(SysError::illegal_operation());
    }
    Notification& notification = cap.as<NotificationCap>().object();
    if (notification.state == NotificationState::waiting || notification.bound_tcb != nullptr) {
        return Fail(SysError::illegal_operation());
    }
    bind_notification(thread, notification);
    return Outcome::done;
}

InvocationResult set_flags(Invocation& invocation, Tcb& thread) {
    if (invocation.length < 2) return Fail(SysError::truncated());
    const std::uint64_t clear = invocation.mr(0);
    const std::uint64_t set = invocation.mr(1);
    thread.flags =
        static_cast<std::uint8_t>((thread.flags & ~clear) | (set & abi::tcb_flags::fpu_disabled));
    arch::fpu_flags_changed(thread);
    invocation.result(0, thread.flags);
    return Outcome::done;
}

InvocationResult set_tls_base(Invocation& invocation, Tcb& thread) {
    if (invocation.length < 1) return Fail(SysError::truncated());
    thread.context.tpidr = invocation.mr(0);
    return Outcome::done;
}

}  // namespace

std::uint64_t read_register(const Tcb& thread, unsigned index) {
    const arch::Context& context = thread.context;
    switch (context_words[index]) {
        case word_pc:
            return context.restart_pc;
        case word_sp:
            return context.sp;
        case word_spsr:
            return context.spsr;
        case word_tpidr:
            return context.tpidr;
        case word_tpidrro:
            return context.tpidrro;
        default:
            return context.x[context_words[index]];
    }
}

void write_register(Tcb& thread, unsigned index, std::uint64_t value) {
    arch::Context& context = thread.context;
    switch (context_words[index]) {
        case word_pc:
            context.restart_pc = value;
            context.next_pc = value;
            return;
        case word_sp:
            context.sp = value;
            return;
        case word_spsr:
            context.spsr = arch::sanitise_spsr(value);
            return;
        case word_tpidr:
            context.tpidr = value;
            return;
        case word_tpidrro:
            context.tpidrro = value;
            return;
        default:
            context.x[context_words[index]] = value;
            return;
    }
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
    arch::fpu_release(thread);
    debug_remove_thread(thread);
}

InvocationResult invoke_tcb(Invocation& invocation, TcbCap cap) {
    Tcb& thread = cap.object();
    switch (invocation.label) {
        case abi::Invocation::tcb_read_registers:
            return read_registers(invocation, thread);
        case abi::Invocation::tcb_write_registers:
            return write_registers(invocation, thread);
        case abi::Invocation::tcb_copy_registers:
            return copy_registers(invocation, thread);
        case abi::Invocation::tcb_configure:
            return tcb_configure(invocation, thread);
        case abi::Invocation::tcb_set_priority:
            return tcb_set_priority(invocation, thread);
        case abi::Invocation::tcb_set_mc_priority:
            return tcb_set_mc_priority(invocation, thread);
        case abi::Invocation::tcb_set_sched_params:
            return tcb_set_sched_params(invocation, thread);
        case abi::Invocation::tcb_set_timeout_endpoint:
            return tcb_set_timeout_endpoint(invocation, thread);
        case abi::Invocation::tcb_set_ipc_buffer:
            return tcb_set_ipc_buffer(invocation, thread);
        case abi::Invocation::tcb_set_space:
            return tcb_set_space(invocation, thread);
        case abi::Invocation::tcb_suspend:
            suspend(thread);
            return Outcome::done;
        case abi::Invocation::tcb_resume:
            resume(thread);
            return Outcome::done;
        case abi::Invocation::tcb_bind_notification:
            return bind_notification_to(invocation, thread);
        case abi::Invocation::tcb_unbind_notification:
            if (thread.bound_notification == nullptr) return Fail(SysError::illegal_operation());
            unbind_notification(thread);
            return Outcome::done;
        case abi::Invocation::tcb_set_tls_base:
            return set_tls_base(invocation, thread);
        case abi::Invocation::tcb_set_flags:
            return set_flags(invocation, thread);
        default:
            return Fail(SysError::illegal_operation());
    }
}

}  // namespace numbat

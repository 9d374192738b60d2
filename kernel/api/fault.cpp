// SPDX-License-Identifier: BSD-2-Clause
#include "api/fault.hpp"

#include <algorithm>
#include <iterator>

#include "abi/fault.hpp"
#include "api/debug.hpp"
#include "api/message.hpp"
#include "object/endpoint.hpp"
#include "object/sched_context.hpp"
#include "object/tcb_ops.hpp"
#include "sched/scheduler.hpp"

namespace numbat {

namespace {

void put_cap_fault(MessageWriter& message, const Tcb& thread) {
    const Fault& fault = thread.fault;
    message.put(thread.context.restart_pc);
    message.put(fault.first);
    message.put(fault.flag ? 1 : 0);
    message.put(fault.lookup);
}

void put_unknown_syscall(MessageWriter& message, const Tcb& thread) {
    const arch::Context& context = thread.context;
    for (unsigned i = 0; i < 8; ++i) message.put(context.x[i]);
    message.put(context.restart_pc);
    message.put(context.sp);
    message.put(context.next_pc);
    message.put(context.spsr);
    message.put(thread.fault.first);
}

/// Which word of the user context each word of the reply to an unknown system call sets.
constexpr std::uint8_t no_word = 0xff;  // the next pc: the thread goes on at the fault ip
constexpr std::uint8_t syscall_reply_words[] = {3, 4, 5, 6, 7, 8, 9, 10, 0, 1, no_word, 2};

/// How many registers a reply may set, by the kind of fault: for others than an unknown system call
/// they are the first of the user context.
constexpr std::uint8_t reply_registers[] = {0, 0, std::size(syscall_reply_words), 3, 0, 34, 0};

void send_fault(Tcb& thread, Slot& handler, const Fault& fault) {
    thread.fault = fault;
    if (handler.empty()) {
        debug_report_fault(thread);
        thread.fault.kind = FaultKind::none;
        thread.state = ThreadState::inactive;
        stop_if_current(thread);
        return;
    }
    send_message(thread, handler.cap.as<EndpointCap>(),
                 fault.kind == FaultKind::timeout ? mode_timeout : mode_call);
}

}  // namespace

void raise_fault(Tcb& thread, const Fault& fault) {
    send_fault(thread, thread.slot(TcbSlot::fault_endpoint), fault);
}

void raise_cap_fault(Tcb& thread, std::uint64_t address, Phase phase, LookupFailure failure) {
    raise_fault(thread, {.kind = FaultKind::cap,
                         .flag = phase == Phase::receive,
                         .lookup = failure,
                         .first = address});
}

void raise_timeout(Tcb& thread, SchedContext& context) {
    send_fault(thread, thread.slot(TcbSlot::timeout_endpoint),
               {.kind = FaultKind::timeout, .first = context.badge});
}

std::uint64_t write_fault_message(Tcb& thread, Tcb& receiver) {
    MessageWriter message(receiver);
    const Fault& fault = thread.fault;
    switch (fault.kind) {
        case FaultKind::none:
            break;
        case FaultKind::cap:
            put_cap_fault(message, thread);
            break;
        case FaultKind::unknown_syscall:
            put_unknown_syscall(message, thread);
            break;
        case FaultKind::user_exception:
            message.put(thread.context.restart_pc);
            message.put(thread.context.sp);
            message.put(thread.context.spsr);
            message.put(fault.first);
            message.put(fault.second);
            break;
        case FaultKind::timeout:
            message.put(fault.first);
            if (thread.sched_context != nullptr) {
                message.put(take_consumed(*thread.sched_context));
            }
            break;
        case FaultKind::vm: {
            // The pager's bread: all of it goes into registers.
            arch::Context& to = receiver.context;
            to.set_mr(0, thread.context.restart_pc);
            to.set_mr(1, fault.first);
            to.set_mr(2, fault.flag ? 1 : 0);
            to.set_mr(3, fault.second);
            return abi::MessageInfo::make(static_cast<std::uint64_t>(FaultKind::vm), 4).word;
        }
    }
    return abi::MessageInfo::make(static_cast<std::uint64_t>(fault.kind), message.length()).word;
}

bool apply_fault_reply(Tcb& replier, Tcb& thread) {
    const FaultKind kind = thread.fault.kind;
    thread.fault.kind = FaultKind::none;
    const abi::MessageInfo info{replier.context.x[1]};
    const std::uint64_t wanted = reply_registers[static_cast<unsigned>(kind)];
    std::uint64_t count = std::min(message_length(info), wanted);
    const abi::IpcBuffer* buffer = nullptr;
    if (count > abi::message_registers) {
        buffer = ipc_buffer_of(replier, BufferUse::send);
        if (buffer == nullptr) count = abi::message_registers;
    }
    for (unsigned i = 0; i < count; ++i) {
        const unsigned index = kind == FaultKind::unknown_syscall ? syscall_reply_words[i] : i;
        if (index == no_word) continue;
        write_register(thread, index,
                       i < abi::message_registers ? replier.context.mr(i) : buffer->msg[i]);
    }
    return wanted == 0 || info.label() == 0;
}

}  // namespace numbat

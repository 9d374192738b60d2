// SPDX-License-Identifier: BSD-2-Clause
#include "api/fault.hpp"

#include <algorithm>

#include "abi/fault.hpp"
#include "api/debug.hpp"
#include "api/message.hpp"
#include "object/endpoint.hpp"
#include "object/sched_context.hpp"
#include "sched/scheduler.hpp"

namespace numbat {

namespace {

void put_cap_fault(MessageWriter& message, const Tcb& thread) {
    const Fault& fault = thread.fault;
    message.put(thread.context.restart_pc);
    message.put(fault.first);
    message.put(fault.flag ? 1 : 0);
    message.put(static_cast<std::uint64_t>(fault.lookup.type));
    switch (fault.lookup.type) {
        case abi::LookupFailureType::missing_capability:
            message.put(fault.lookup.bits_left);
            break;
        case abi::LookupFailureType::depth_mismatch:
            message.put(fault.lookup.bits_left);
            message.put(fault.lookup.bits_found);
            break;
        case abi::LookupFailureType::guard_mismatch:
            message.put(fault.lookup.bits_left);
            message.put(fault.lookup.guard);
            message.put(fault.lookup.bits_found);
            break;
        case abi::LookupFailureType::none:
        case abi::LookupFailureType::invalid_root:
            break;
    }
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

/// A register that a fault reply may set, by its position in the message.
void set_reply_register(arch::Context& context, FaultKind kind, unsigned index,
                        std::uint64_t value) {
    if (kind == FaultKind::unknown_syscall) {
        if (index < 8) {
            context.x[index] = value;
            return;
        }
        index -= 8;              // then: fault ip, sp, next pc, spsr
        if (index == 2) return;  // continuing is at the fault ip
        if (index == 3) index = 2;
    }
    switch (index) {
        case 0:
            context.restart_pc = value;
            return;
        case 1:
            context.sp = value;
            return;
        case 2:
            context.spsr = arch::sanitise_spsr(value);
            return;
        default:
            break;
    }
    // Timeout: x0..x8, x16..x18, x29, x30, x9..x15, x19..x28.
    static constexpr std::uint8_t order[] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  16, 17,
                                             18, 29, 30, 9,  10, 11, 12, 13, 14, 15, 19,
                                             20, 21, 22, 23, 24, 25, 26, 27, 28};
    context.x[order[index - 3]] = value;
}

unsigned reply_registers(FaultKind kind) {
    switch (kind) {
        case FaultKind::unknown_syscall:
            return 12;
        case FaultKind::user_exception:
            return 3;
        case FaultKind::timeout:
            return 34;
        case FaultKind::none:
        case FaultKind::cap:
        case FaultKind::vm:
            return 0;
    }
    return 0;
}

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
                         .first = address,
                         .second = 0});
}

void raise_timeout(Tcb& thread, SchedContext& context) {
    send_fault(thread, thread.slot(TcbSlot::timeout_endpoint),
               {.kind = FaultKind::timeout,
                .flag = false,
                .lookup = {},
                .first = context.badge,
                .second = 0});
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
    const std::uint64_t wanted = reply_registers(kind);
    std::uint64_t count = std::min(message_length(info), wanted);
    const abi::IpcBuffer* buffer = nullptr;
    if (count > abi::message_registers) {
        buffer = ipc_buffer_of(replier, BufferUse::send);
        if (buffer == nullptr) count = abi::message_registers;
    }
    for (unsigned i = 0; i < count; ++i) {
        const std::uint64_t word =
            i < abi::message_registers ? replier.context.mr(i) : buffer->msg[i];
        set_reply_register(thread.context, kind, i, word);
    }
    return wanted == 0 || info.label() == 0;
}

}  // namespace numbat

// SPDX-License-Identifier: BSD-2-Clause
#include "api/debug.hpp"

#include "abi/fault.hpp"
#include "abi/syscall.hpp"
#include "api/config.hpp"
#include "api/message.hpp"
#include "arch/contract.hpp"
#include "cap/lookup.hpp"
#include "check/invariants.hpp"
#include "object/sched_context.hpp"
#include "sched/scheduler.hpp"

namespace numbat {

namespace {

constinit Tcb* all_threads = nullptr;

void print(const char* text) {
    while (*text != '\0') arch::put_char(*text++);
}

void print_hex(std::uint64_t value) {
    print("0x");
    int shift = 60;
    while (shift > 0 && (value >> shift) == 0) shift -= 4;
    for (; shift >= 0; shift -= 4) arch::put_char("0123456789abcdef"[(value >> shift) & 0xf]);
}

void print_decimal(std::uint64_t value) {
    char digits[20];
    unsigned count = 0;
    do {
        digits[count++] = static_cast<char>('0' + value % 10);
        value /= 10;
    } while (value != 0);
    while (count != 0) arch::put_char(digits[--count]);
}

void print_field(const char* label, std::uint64_t value) {
    print(label);
    print_hex(value);
}

void print_thread_name(const Tcb& thread) {
    if (thread.name[0] != '\0') {
        print(thread.name);
    } else {
        print_field("tcb ", reinterpret_cast<std::uint64_t>(&thread));
    }
}

const char* state_name(ThreadState state) {
    switch (state) {
        case ThreadState::inactive:
            return "inactive";
        case ThreadState::running:
            return "running";
        case ThreadState::restart:
            return "restart";
        case ThreadState::blocked_on_receive:
            return "receive";
        case ThreadState::blocked_on_send:
            return "send";
        case ThreadState::blocked_on_reply:
            return "reply";
        case ThreadState::blocked_on_notification:
            return "notification";
        case ThreadState::idle:
            return "idle";
    }
    return "?";
}

void print_thread(const Tcb& thread) {
    print_thread_name(thread);
    print("\t");
    print(state_name(thread.state));
    print("\tpriority ");
    print_decimal(thread.priority);
    print_field("\tpc ", thread.context.next_pc);
    print(thread.sched_context == nullptr ? "\tno context" : "");
    if (thread.queued_in == QueuedIn::release) print("\tout of budget");
    print("\n");
}

void dump_scheduler() {
    if (!config::debug) return;
    print("threads:\n");
    for (const Tcb* thread = all_threads; thread != nullptr; thread = thread->all_next) {
        print_thread(*thread);
    }
}

void print_cap(std::uint64_t index, Cap cap) {
    print("  ");
    print_decimal(index);
    print(": kind ");
    print_decimal(static_cast<std::uint64_t>(cap.tag()));
    print_field(" ", cap.word0);
    print_field(" ", cap.word1);
    print("\n");
}

/// Threads, and the capabilities in the first level of their spaces.
void dump_system() {
    if (!config::debug) return;
    dump_scheduler();
    for (const Tcb* thread = all_threads; thread != nullptr; thread = thread->all_next) {
        const Cap root = thread->slot(TcbSlot::cspace).cap;
        if (!root.is<CNodeCap>()) continue;
        print("capabilities of ");
        print_thread_name(*thread);
        print("\n");
        const auto node = root.as<CNodeCap>();
        for (std::uint64_t i = 0; i < node.slot_count(); ++i) {
            if (!node.slots()[i].empty()) print_cap(i, node.slots()[i].cap);
        }
    }
}

/// DebugSnapshot has no arguments for others, so a request must be unmistakable.
bool check_requested(Tcb& thread) {
    if (!config::debug || thread.context.x[0] != abi::check_request) return false;
    check::set_interval(thread.context.x[1]);
    thread.context.x[0] = 0;
    return true;
}

void cap_identify(Tcb& thread) {
    const auto slot = lookup_slot(thread, thread.context.x[0]);
    thread.context.x[0] = slot ? static_cast<std::uint64_t>((*slot)->cap.tag()) : 0;
}

void name_thread(Tcb& caller) {
    const auto slot = lookup_slot(caller, caller.context.x[0]);
    if (!slot || !(*slot)->cap.is<TcbCap>()) return;
    const abi::IpcBuffer* buffer = ipc_buffer_of(caller, BufferUse::send);
    if (buffer == nullptr) return;
    Tcb& target = (*slot)->cap.as<TcbCap>().object();
    const char* text = reinterpret_cast<const char*>(buffer->msg);
    unsigned length = 0;
    while (length < sizeof(target.name) - 1 && text[length] != '\0') {
        // What is printed later must not be able to control the terminal.
        const char c = text[length];
        target.name[length] = c >= ' ' && c <= '~' ? c : '?';
        ++length;
    }
    target.name[length] = '\0';
}

}  // namespace

bool debug_syscall(Tcb& thread, std::int64_t number) {
    const bool trusted = thread.mcp != 0;
    switch (static_cast<abi::Syscall>(number)) {
        case abi::Syscall::debug_put_char:
            arch::put_char(static_cast<char>(thread.context.x[0] & 0xff));
            return true;
        case abi::Syscall::debug_dump_scheduler:
            if (trusted) dump_scheduler();
            return true;
        case abi::Syscall::debug_halt:
            if (trusted) arch::halt();
            return true;
        case abi::Syscall::debug_cap_identify:
            cap_identify(thread);
            return true;
        case abi::Syscall::debug_snapshot:
            if (trusted && !check_requested(thread)) dump_system();
            return true;
        case abi::Syscall::debug_name_thread:
            if (trusted) name_thread(thread);
            return true;
        case abi::Syscall::call:
        case abi::Syscall::reply_recv:
        case abi::Syscall::nb_send_recv:
        case abi::Syscall::nb_send_wait:
        case abi::Syscall::send:
        case abi::Syscall::nb_send:
        case abi::Syscall::recv:
        case abi::Syscall::nb_recv:
        case abi::Syscall::wait:
        case abi::Syscall::nb_wait:
        case abi::Syscall::yield:
            return false;
    }
    return false;
}

const Tcb* debug_first_thread() {
    return all_threads;
}

void debug_add_thread(Tcb& thread) {
    if (!config::debug) return;
    thread.all_previous = nullptr;
    thread.all_next = all_threads;
    if (all_threads != nullptr) all_threads->all_previous = &thread;
    all_threads = &thread;
}

void debug_remove_thread(Tcb& thread) {
    if (!config::debug) return;
    if (thread.all_next != nullptr) thread.all_next->all_previous = thread.all_previous;
    if (thread.all_previous != nullptr) thread.all_previous->all_next = thread.all_next;
    if (all_threads == &thread) all_threads = thread.all_next;
}

void debug_report_error(const Tcb& thread, abi::Invocation label, const SysError& error) {
    if (!config::debug || !config::trace_errors) return;
    print("numbat: ");
    print_thread_name(thread);
    print(": invocation ");
    print_decimal(static_cast<std::uint64_t>(label));
    print(" refused, error ");
    print_decimal(static_cast<std::uint64_t>(error.code));
    print_field(" ", error.first);
    print_field(" ", error.second);
    print(", lookup ");
    print_decimal(static_cast<std::uint64_t>(error.failure.type));
    print_field(" ", error.failure.bits_left);
    print_field(", pc ", thread.context.restart_pc);
    print_field(", lr ", thread.context.x[30]);
    print("\n");
}

void debug_report_fault(const Tcb& thread) {
    if (!config::debug) return;
    const Fault& fault = thread.fault;
    print("numbat: ");
    print_thread_name(thread);
    print(" stops, fault without handler: kind ");
    print_decimal(static_cast<std::uint64_t>(fault.kind));
    print_field(", ", fault.first);
    print_field(" ", fault.second);
    print_field(", pc ", thread.context.restart_pc);
    print_field(", sp ", thread.context.sp);
    print_field(", lr ", thread.context.x[30]);
    print("\n");
}

}  // namespace numbat

// SPDX-License-Identifier: BSD-2-Clause
#include "api/debug.hpp"

#include <string_view>

#include "abi/fault.hpp"
#include "api/message.hpp"
#include "arch/contract.hpp"
#include "base/format.hpp"
#include "cap/lookup.hpp"
#include "check/invariants.hpp"
#include "object/sched_context.hpp"
#include "sched/scheduler.hpp"

namespace numbat {

namespace {

constinit Tcb* all_threads = nullptr;

template <typename... Arguments>
void print(std::string_view format, const Arguments&... arguments) {
    base::format_to(arch::put_char, format, arguments...);
}

void print_thread_name(const Tcb& thread) {
    if (thread.name[0] != '\0') return print("{}", thread.name);
    print("tcb 0x{x}", static_cast<const void*>(&thread));
}

const char* state_name(ThreadState state) {
    static constexpr const char* names[] = {"inactive", "running", "restart",      "receive",
                                            "send",     "reply",   "notification", "idle"};
    return names[static_cast<unsigned>(state)];
}

void dump_scheduler() {
    if (!config::debug) return;
    print("threads:\n");
    for (const Tcb* thread = all_threads; thread != nullptr; thread = thread->all_next) {
        print_thread_name(*thread);
        print("\t{}\tpriority {}\tpc 0x{x}{}{}\n", state_name(thread->state), thread->priority,
              thread->context.next_pc, thread->sched_context == nullptr ? "\tno context" : "",
              thread->queued_in == QueuedIn::release ? "\tout of budget" : "");
    }
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
            const Cap cap = node.slots()[i].cap;
            if (!cap.is_null()) {
                print("  {}: kind {} 0x{x} 0x{x}\n", i, cap.tag(), cap.word0, cap.word1);
            }
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

bool debug_syscall(Tcb& thread, abi::Syscall number) {
    const bool trusted = thread.mcp != 0;
    switch (number) {
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
        default:
            return false;
    }
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

void debug_report_fault(const Tcb& thread) {
    if (!config::debug) return;
    const Fault& fault = thread.fault;
    print("numbat: ");
    print_thread_name(thread);
    print(" stops, fault without handler: kind {}, 0x{x} 0x{x}, pc 0x{x}, sp 0x{x}, lr 0x{x}\n",
          fault.kind, fault.first, fault.second, thread.context.restart_pc, thread.context.sp,
          thread.context.x[30]);
}

}  // namespace numbat

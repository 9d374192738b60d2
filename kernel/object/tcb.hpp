// SPDX-License-Identifier: BSD-2-Clause
// Tcb: a thread. 2048 bytes; the register context comes first, so the exception vectors address it
// with the thread's own address. All zero is a fresh thread: inactive, no capabilities, priority 0.
//
// A thread is in at most one queue at a time: a ready queue, the release queue, or the queue of the
// endpoint or notification it waits at; `queue` holds the links, `queued_in` says which.
#pragma once

#include <cstddef>
#include <cstdint>

#include "api/sys_error.hpp"
#include "cap/slot.hpp"
#include "context.hpp"  // of the architecture, found by include path

namespace numbat {

enum class ThreadState : std::uint8_t {
    inactive = 0,
    running,  // continues at the next pc
    restart,  // continues at the restart pc
    blocked_on_receive,
    blocked_on_send,
    blocked_on_reply,
    blocked_on_notification,
    idle,
};

enum class QueuedIn : std::uint8_t { none = 0, ready, release, ipc };

/// Slots inside a TCB; they hold ordinary capabilities of the derivation tree.
enum class TcbSlot : std::uint8_t { cspace, vspace, ipc_buffer, fault_endpoint, timeout_endpoint };
inline constexpr unsigned tcb_slot_count = 5;

enum class FaultKind : std::uint8_t {
    none = 0,
    cap = 1,
    unknown_syscall = 2,
    user_exception = 3,
    timeout = 5,
    vm = 6,
};

/// A fault that was sent or waits to be sent. What the words mean depends on the kind.
struct Fault {
    FaultKind kind;
    bool flag = false;          // cap: in receive phase; vm: instruction fault
    LookupFailure lookup = {};  // cap
    std::uint64_t first = 0;    // cap, vm: address; number of syscall or exception; badge
    std::uint64_t second = 0;   // exception code; vm: fault status
};

struct QueueLinks {
    Tcb* next;
    Tcb* previous;
};

struct alignas(1u << abi::tcb_bits) Tcb {
    arch::Context context;

    ThreadState state;
    QueuedIn queued_in;
    std::uint8_t priority;
    std::uint8_t mcp;
    std::uint8_t flags;  // abi::tcb_flags
    // While blocked on send: how the message was sent.
    bool send_is_call;
    bool send_can_grant;
    bool send_can_grant_reply;
    std::uint8_t privileges;  // the architecture's: what it may use without a trap
    SchedContext* sched_context;
    QueueLinks queue;
    std::uint64_t send_badge;
    union {
        Endpoint* blocked_endpoint;          // blocked on send or receive
        Notification* blocked_notification;  // blocked on notification
    };
    Reply* reply;  // offered while blocked on receive; waited for while blocked on reply
    Notification* bound_notification;
    SchedContext* yield_to;    // the context whose YieldTo this thread waits in
    std::uint64_t ipc_buffer;  // user address
    // Where an interrupted cache operation goes on, physical; 0 when none is interrupted.
    std::uint64_t cache_progress;
    Fault fault;

    Slot slots[tcb_slot_count];
    arch::FpuState fpu;

    Tcb* all_next;  // list of all threads, debug builds only
    Tcb* all_previous;
    char name[96];

    Slot& slot(TcbSlot which) { return slots[static_cast<unsigned>(which)]; }
    const Slot& slot(TcbSlot which) const { return slots[static_cast<unsigned>(which)]; }
    bool runnable() const { return state == ThreadState::running || state == ThreadState::restart; }
    bool blocked() const {
        return state >= ThreadState::blocked_on_receive &&
               state <= ThreadState::blocked_on_notification;
    }
};
static_assert(sizeof(Tcb) == 1u << abi::tcb_bits);
static_assert(offsetof(Tcb, context) == 0);

}  // namespace numbat

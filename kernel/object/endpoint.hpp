// SPDX-License-Identifier: BSD-2-Clause
// Endpoint: where senders and receivers meet. One queue, of senders or of receivers, never both,
// ordered by priority and first-come within a priority (sel4-abi 9.1). 16 bytes: the queue's head
// carries the state in its low bits.
#pragma once

#include <cstdint>

#include "api/invocation.hpp"
#include "cap/cap.hpp"
#include "object/tcb_queue.hpp"

namespace numbat {

enum class EndpointState : std::uint8_t { idle = 0, sending = 1, receiving = 2 };

struct Endpoint {
    EndpointState state() const { return static_cast<EndpointState>(head_ & 3); }
    Tcb* head() const { return reinterpret_cast<Tcb*>(head_ & ~std::uint64_t{3}); }

    /// Queues a thread that sends or receives; the queue is empty or of that kind.
    [[gnu::always_inline]] void enqueue(Tcb& thread, EndpointState kind) {
        ASSERT(state() == EndpointState::idle || state() == kind);
        TcbQueue waiters = queue();
        waiters.insert_ordered(thread);
        set(waiters, kind);
    }
    void remove(Tcb& thread);
    /// The first waiting thread, taken out; the queue is not empty.
    [[gnu::always_inline]] Tcb& take_first() {
        Tcb& first = *head();
        Tcb* next = first.queue.next;
        if (next == nullptr) {
            head_ = 0;
            tail_ = nullptr;
        } else {
            next->queue.previous = nullptr;
            head_ = reinterpret_cast<std::uint64_t>(next) | (head_ & 3);
        }
        first.queued_in = QueuedIn::none;
        return first;
    }
    /// The thread's priority has changed: find its place again.
    void reorder(Tcb& thread);

    TcbQueue queue() const { return {head(), tail_}; }

  private:
    void set(const TcbQueue& queue, EndpointState kind) {
        head_ = queue.head == nullptr ? 0
                                      : reinterpret_cast<std::uint64_t>(queue.head) |
                                            static_cast<std::uint64_t>(kind);
        tail_ = queue.tail;
    }
    std::uint64_t head_;
    Tcb* tail_;
};
static_assert(sizeof(Endpoint) == 1u << abi::endpoint_bits);

enum class Blocking : std::uint8_t { no, yes };

/// How a system call sends, or a fault is sent.
struct SendMode {
    static constexpr std::uint8_t call = 1;  // the sender expects a reply
    static constexpr std::uint8_t blocking = 2;
    static constexpr std::uint8_t donate = 4;       // to a receiver without scheduling context
    static constexpr std::uint8_t first_phase = 8;  // of a combined call: refuses some objects
    std::uint8_t bits;

    constexpr bool has(std::uint8_t bit) const { return (bits & bit) != 0; }
};
inline constexpr SendMode mode_call{SendMode::call | SendMode::blocking | SendMode::donate};
inline constexpr SendMode mode_send{SendMode::blocking};
inline constexpr SendMode mode_nb_send{0};
inline constexpr SendMode mode_first_phase{SendMode::first_phase | SendMode::donate};
inline constexpr SendMode mode_timeout{SendMode::call | SendMode::blocking};

/// Sends the message in the sender's registers (or its fault, if it has one) with the rights and
/// badge of `cap`.
void send_message(Tcb& sender, EndpointCap cap, SendMode mode);
/// The running thread receives; `reply` is null for Wait.
void receive_message(Tcb& receiver, EndpointCap cap, Blocking blocking, Reply* reply);

/// Takes the thread out of whatever IPC it is blocked in and drops its fault. Leaves it inactive if
/// it was blocked.
void cancel_ipc(Tcb& thread);
/// How many waiters are sent away between two preemption points.
inline constexpr unsigned waiters_per_step = 32;
/// Sends a step's waiters away: they begin their system calls again. True when none is left.
bool cancel_waiters(Endpoint& endpoint);
/// Removes senders with this badge.
Outcome cancel_badged_sends(Endpoint& endpoint, std::uint64_t badge);

}  // namespace numbat

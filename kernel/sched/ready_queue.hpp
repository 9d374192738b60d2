// SPDX-License-Identifier: BSD-2-Clause
// ReadyQueues: the runnable threads that wait for the processor, by priority. The running thread is
// not among them.
//
// There is one queue for each of the 256 priorities and a bitmap of those in use. Most threads that
// come are the next to run, so the first one of all may be held in front of the queues instead,
// which saves linking and unlinking it.
#pragma once

#include <bit>
#include <cstdint>

#include "abi/sched.hpp"
#include "object/tcb_queue.hpp"

namespace numbat {

class ReadyQueues {
  public:
    static constexpr unsigned words = abi::priority_count / 64;

    bool empty() const { return highest_ < 0; }
    /// Priority of the first thread; there is one.
    unsigned highest() const { return static_cast<unsigned>(highest_); }
    /// Is there no thread above this priority?
    bool none_above(unsigned priority) const { return highest_ <= static_cast<int>(priority); }
    /// Is there no thread of this priority or above?
    bool none_from(unsigned priority) const { return highest_ < static_cast<int>(priority); }

    /// Takes the first thread out; null if there is none.
    Tcb* take_first() {
        if (first_ != nullptr) return take_held();
        if (empty()) return nullptr;
        Tcb* const first = queues_[highest_].head;
        if (!queues_[highest_].take_first()) note_empty(highest());
        return first;
    }

    /// push_front() if that makes it the first one, which is then held; false if not.
    [[gnu::always_inline]] bool hold(Tcb& thread, unsigned priority) {
        ASSERT(thread.queued_in == QueuedIn::none && thread.priority == priority);
        if (first_ != nullptr || !none_above(priority)) [[unlikely]]
            return false;
        thread.queued_in = QueuedIn::ready;
        highest_ = static_cast<int>(priority);
        first_ = &thread;
        return true;
    }
    [[gnu::always_inline]] void push_front(Tcb& thread) {
        if (!hold(thread, thread.priority)) insert_front(thread);
    }
    [[gnu::noinline]] void push_back(Tcb& thread) {
        if (none_from(thread.priority) && hold(thread, thread.priority)) return;
        queue_held();
        link(thread, queues_[thread.priority].tail);
    }
    void remove(Tcb& thread) {
        ASSERT(thread.queued_in == QueuedIn::ready);
        if (&thread == first_) {
            take_held();
            return;
        }
        TcbQueue& queue = queues_[thread.priority];
        queue.unlink(thread);
        if (queue.empty()) note_empty(thread.priority);
    }

    /// The threads of this priority.
    const TcbQueue& queue(unsigned priority) {
        queue_held();
        return queues_[priority];
    }

  private:
    [[gnu::always_inline]] Tcb* take_held() {
        Tcb* const thread = first_;
        thread->queued_in = QueuedIn::none;
        first_ = nullptr;
        highest_ = highest_queue_;
        return thread;
    }

    [[gnu::always_inline]] void queue_held() {
        if (first_ != nullptr) link(*take_held(), nullptr);
    }

    [[gnu::noinline]] void insert_front(Tcb& thread) {
        queue_held();
        link(thread, nullptr);
    }

    [[gnu::always_inline]] void link(Tcb& thread, Tcb* before) {
        ASSERT(thread.queued_in == QueuedIn::none);
        const unsigned priority = thread.priority;
        queues_[priority].link_after(before, thread);
        thread.queued_in = QueuedIn::ready;
        used_[priority / 64] |= base::bit(priority % 64);
        if (thread.priority > highest_queue_) highest_ = highest_queue_ = thread.priority;
    }

    void note_empty(unsigned priority) {
        used_[priority / 64] &= ~base::bit(priority % 64);
        if (static_cast<int>(priority) != highest_queue_) return;
        unsigned word = priority / 64;
        while (used_[word] == 0 && word != 0) --word;
        highest_queue_ = static_cast<int>(word * 64) + 63 - std::countl_zero(used_[word]);
        if (first_ == nullptr) highest_ = highest_queue_;
    }

    Tcb* first_ = nullptr;    // in no queue: it comes before all that are
    int highest_ = -1;        // priority of the first thread, held or queued
    int highest_queue_ = -1;  // the highest queue in use
    std::uint64_t used_[words] = {};
    TcbQueue queues_[abi::priority_count] = {};
};

}  // namespace numbat

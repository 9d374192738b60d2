// SPDX-License-Identifier: BSD-2-Clause
// ReadyQueues: one queue of runnable threads for each of the 256 priorities, a bitmap of those in
// use, and the highest of them, which is asked for far more often than it changes. The running
// thread is in no queue.
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
    /// Priority of the first thread; the queues are not empty.
    unsigned highest() const { return static_cast<unsigned>(highest_); }
    /// Is there no thread above this priority?
    bool none_above(unsigned priority) const { return highest_ <= static_cast<int>(priority); }
    /// Is there no thread of this priority or above?
    bool none_from(unsigned priority) const { return highest_ < static_cast<int>(priority); }

    /// Takes the first thread out; null if there is none.
    Tcb* take_first() {
        if (empty()) return nullptr;
        Tcb* const first = queues_[highest_].head;
        if (!queues_[highest_].take_first()) note_empty(static_cast<unsigned>(highest_));
        return first;
    }

    [[gnu::always_inline]] void push_front(Tcb& thread) { insert(thread, nullptr); }
    [[gnu::always_inline]] void push_back(Tcb& thread) {
        insert(thread, queues_[thread.priority].tail);
    }
    void remove(Tcb& thread) {
        ASSERT(thread.queued_in == QueuedIn::ready);
        TcbQueue& queue = queues_[thread.priority];
        queue.unlink(thread);
        if (queue.empty()) note_empty(thread.priority);
    }

    const Tcb* at(unsigned priority) const { return queues_[priority].head; }
    const TcbQueue& queue(unsigned priority) const { return queues_[priority]; }

  private:
    [[gnu::always_inline]] void insert(Tcb& thread, Tcb* before) {
        ASSERT(thread.queued_in == QueuedIn::none);
        const unsigned priority = thread.priority;
        queues_[priority].link_after(before, thread);
        thread.queued_in = QueuedIn::ready;
        used_[priority / 64] |= base::bit(priority % 64);
        if (highest_ < static_cast<int>(priority)) highest_ = static_cast<int>(priority);
    }

    void note_empty(unsigned priority) {
        used_[priority / 64] &= ~base::bit(priority % 64);
        if (static_cast<int>(priority) != highest_) return;
        unsigned word = priority / 64;
        while (used_[word] == 0 && word != 0) --word;
        highest_ = static_cast<int>(word * 64) + 63 - std::countl_zero(used_[word]);
    }

    TcbQueue queues_[abi::priority_count] = {};
    std::uint64_t used_[words] = {};
    int highest_ = -1;
};

}  // namespace numbat

// SPDX-License-Identifier: BSD-2-Clause
// ReadyQueues: one queue of runnable threads for each of the 256 priorities, and a bitmap that
// finds the highest one in use in a few instructions. The running thread is in no queue.
#pragma once

#include <bit>
#include <cstdint>

#include "abi/sched.hpp"
#include "object/tcb_queue.hpp"

namespace numbat {

class ReadyQueues {
  public:
    static constexpr unsigned words = abi::priority_count / 64;

    bool empty() const { return used_words_ == 0; }
    /// Priority of the first thread; the queues are not empty.
    unsigned highest() const {
        const unsigned word = 31 - static_cast<unsigned>(std::countl_zero(used_words_));
        return word * 64 + 63 - static_cast<unsigned>(std::countl_zero(used_[word]));
    }
    /// Would a thread of this priority be first (equals count as behind it)?
    bool none_above(unsigned priority) const { return empty() || highest() <= priority; }
    /// Is there no thread of this priority or above?
    bool none_from(unsigned priority) const { return empty() || highest() < priority; }
    Tcb* first() const { return empty() ? nullptr : queues_[highest()].head; }

    /// Takes the first thread out; null if there is none.
    Tcb* take_first() {
        if (empty()) return nullptr;
        const unsigned word = 31 - static_cast<unsigned>(std::countl_zero(used_words_));
        const unsigned bit = 63 - static_cast<unsigned>(std::countl_zero(used_[word]));
        TcbQueue& queue = queues_[word * 64 + bit];
        Tcb* const first = queue.head;
        Tcb* const next = first->queue.next;
        queue.head = next;
        first->queued_in = QueuedIn::none;
        if (next != nullptr) {
            next->queue.previous = nullptr;
            return first;
        }
        queue.tail = nullptr;
        used_[word] &= ~base::bit(bit);
        if (used_[word] == 0) used_words_ &= ~(1u << word);
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
        if (queue.empty()) {
            const unsigned word = thread.priority / 64;
            used_[word] &= ~base::bit(thread.priority % 64);
            if (used_[word] == 0) used_words_ &= ~(1u << word);
        }
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
        used_words_ |= 1u << (priority / 64);
    }

    std::uint32_t used_words_ = 0;
    std::uint64_t used_[words] = {};
    TcbQueue queues_[abi::priority_count] = {};
};

}  // namespace numbat

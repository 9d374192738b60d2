// SPDX-License-Identifier: BSD-2-Clause
// ReleaseQueue: runnable threads that wait for their budget, ordered by the time of their head
// refill, first come first served among equal times.
#pragma once

#include "object/tcb_queue.hpp"
#include "sched/refill.hpp"

namespace numbat {

class ReleaseQueue {
  public:
    static constexpr Ticks never = ~Ticks{0};

    Tcb* first() const { return queue_.head; }
    const TcbQueue& queue() const { return queue_; }
    /// When the first one is due; `never` if there is none.
    Ticks next_time() const { return next_time_; }

    void insert(Tcb& thread) {
        ASSERT(thread.queued_in == QueuedIn::none);
        const Ticks time = refill::head(*thread.sched_context).time;
        Tcb* before = queue_.tail;
        while (before != nullptr && refill::head(*before->sched_context).time > time) {
            before = before->queue.previous;
        }
        queue_.link_after(before, thread);
        thread.queued_in = QueuedIn::release;
        note_first();
    }
    void remove(Tcb& thread) {
        ASSERT(thread.queued_in == QueuedIn::release);
        queue_.unlink(thread);
        note_first();
    }

  private:
    void note_first() {
        next_time_ = queue_.empty() ? never : refill::head(*queue_.head->sched_context).time;
    }

    TcbQueue queue_ = {};
    Ticks next_time_ = never;  // asked at every kernel entry
};

}  // namespace numbat

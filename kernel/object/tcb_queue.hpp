// SPDX-License-Identifier: BSD-2-Clause
// TcbQueue: threads linked through Tcb::queue, highest priority first, first come first served
// within a priority. Endpoints and notifications keep their waiters so.
#pragma once

#include "object/tcb.hpp"

namespace numbat {

struct TcbQueue {
    Tcb* head;
    Tcb* tail;

    bool empty() const { return head == nullptr; }

    [[gnu::always_inline]] void insert_ordered(Tcb& thread) {
        ASSERT(thread.queued_in == QueuedIn::none);
        Tcb* before = tail;
        while (before != nullptr && before->priority < thread.priority) {
            before = before->queue.previous;
        }
        link_after(before, thread);
        thread.queued_in = QueuedIn::ipc;
    }

    [[gnu::always_inline]] void remove(Tcb& thread) {
        ASSERT(thread.queued_in == QueuedIn::ipc);
        unlink(thread);
    }

    /// Takes the first thread out of a queue that has one; false if that was the last.
    [[gnu::always_inline]] bool take_first() {
        head->queued_in = QueuedIn::none;
        head = head->queue.next;
        if (head == nullptr) [[likely]] {
            tail = nullptr;
            return false;
        }
        head->queue.previous = nullptr;
        return true;
    }

    [[gnu::always_inline]] void link_after(Tcb* before, Tcb& thread) {
        Tcb* after = before == nullptr ? head : before->queue.next;
        thread.queue = {.next = after, .previous = before};
        (before == nullptr ? head : before->queue.next) = &thread;
        (after == nullptr ? tail : after->queue.previous) = &thread;
    }

    [[gnu::always_inline]] void unlink(Tcb& thread) {
        Tcb* next = thread.queue.next;
        Tcb* previous = thread.queue.previous;
        (previous == nullptr ? head : previous->queue.next) = next;
        (next == nullptr ? tail : next->queue.previous) = previous;
        thread.queued_in = QueuedIn::none;
    }
};

}  // namespace numbat

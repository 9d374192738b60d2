// SPDX-License-Identifier: BSD-2-Clause
// Turn: what is done for a program counts as done by it.
//
// Programs have one priority, at which the kernel lets each compute for a slice and then puts it
// behind the others. But who calls or faults lets others work: its handler, of a priority above all
// programs, and through it the file server and the PM server. And being answered puts a program in
// front of its equals. So one that only calls would keep them waiting for as long as its own few
// instructions between the calls take to fill a slice.
//
// Therefore a handler keeps account of the time that it works, and of that others work for it. When
// that is a slice, it stands in line for its program before it begins the next thing: it takes the
// programs' priority and yields, which puts it behind all who are ready. So a program keeps the
// others waiting for at most one slice of its own, one of its handler's, and the longest piece of
// work that is done without a look at the account.
//
// The account is the handler's and goes on from one process to the next: so those who start and end
// processes have their turns, too.
//
// In line a handler holds nothing that others could wait for. Whoever kills its process calls
// hurry(), or it would keep the killer waiting.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "sel4/types.hpp"
#include "sync/thread_block.hpp"
#include "thread/counter.hpp"
#include "thread/turn_account.hpp"

namespace sos::thread {

class Turn {
  public:
    /// The thread, whose calls these are, and its scheduling context.
    void init(sel4::CPtr tcb, sel4::CPtr sched_context);

    /// To be called where the thread holds nothing: stands in line if the turn is over.
    /// `in_a_hurry()`: has hurry() been called, or is it about to be?
    template <typename InAHurry>
    void end_if_over(InAHurry&& in_a_hurry) {
        if (!account_.worth_a_look(counter())) [[likely]]
            return;
        if (!look()) return;
        if (!in_a_hurry()) {
            join_line();
            // Who asks for hurry from here on sees that the thread is in line.
            if (!in_a_hurry()) wait_in_line();
            leave_line();
        }
        account_.restart(counter());
    }

    /// From a thread above all handlers: it waits no longer.
    void hurry();

  private:
    bool look();
    void join_line();
    static void wait_in_line();
    void leave_line();

    sel4::CPtr tcb_{};
    sel4::CPtr sched_context_{};
    TurnAccount account_{0};
    std::atomic<bool> in_line_ = false;
};

/// While it lives, the thread waits for another one that works for it. That counts as the thread's
/// own work: all of the time if the answer comes at once, and no more than the limit (about what it
/// costs to begin something and to end it) if it has to be waited for. (The file server is asked
/// how long it has worked: fs/work.hpp.)
class [[nodiscard]] WorkOfOthers {
  public:
    explicit WorkOfOthers(std::uint64_t limit_us) : limit_us_(limit_us) {}
    WorkOfOthers(const WorkOfOthers&) = delete;
    WorkOfOthers& operator=(const WorkOfOthers&) = delete;
    ~WorkOfOthers() {
        if (sos_current_thread == nullptr) return;
        const std::uint64_t limit = counter_rate().to_ticks(limit_us_);
        sos_current_thread->work_of_others += std::min(counter() - begin_, limit);
    }

  private:
    std::uint64_t limit_us_;
    std::uint64_t begin_ = counter();
};

}  // namespace sos::thread

// SPDX-License-Identifier: BSD-2-Clause
// What the file server's work is for. It has many requests at a time and does for one what helps
// another, so nobody can say what a single one costs; but how long it has worked in all is known.
// Whoever waits for it counts as its own (thread/turn.hpp) what was worked meanwhile, divided by
// the number of those who wait.
#pragma once

#include <atomic>
#include <cstdint>

#include "sync/thread_block.hpp"

namespace sos::fs {

struct Work {
    std::atomic<std::uint64_t> ticks{0};  // of the processor's counter; the file server writes it
    std::atomic<std::uint32_t> sharers{0};
};
inline constinit Work work{};

/// While it lives, the thread waits for an answer or a page.
class [[nodiscard]] ShareOfWork {
  public:
    ShareOfWork() { work.sharers.fetch_add(1, std::memory_order_relaxed); }
    ShareOfWork(const ShareOfWork&) = delete;
    ShareOfWork& operator=(const ShareOfWork&) = delete;
    ~ShareOfWork() {
        const std::uint64_t ticks = work.ticks.load(std::memory_order_relaxed) - begin_;
        const std::uint32_t sharers = work.sharers.fetch_sub(1, std::memory_order_relaxed);
        if (sos_current_thread != nullptr) sos_current_thread->work_of_others += ticks / sharers;
    }

  private:
    std::uint64_t begin_ = work.ticks.load(std::memory_order_relaxed);
};

}  // namespace sos::fs

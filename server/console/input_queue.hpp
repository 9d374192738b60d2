// SPDX-License-Identifier: BSD-2-Clause
// InputQueue: typed bytes between the interrupt (producer) and the one reader (consumer), seed 4.3.
//
// A read is complete when a newline is there, or as many bytes as it asks for, or when the queue is
// full (a line longer than the queue comes in pieces). While nobody has the console open, bytes
// are dropped, unless type-ahead is on. What does not fit is dropped and counted.
//
// It is as large as a paste may be: the root thread, which fills it, goes before all programs, so
// what arrives in one piece has to fit, however slow its reader is.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "server/drivers/serial/byte_queue.hpp"

namespace sos::console {

class InputQueue {
  public:
    static constexpr std::size_t capacity = 64 * 1024;

    // Producer.

    /// CR counts as LF. True when a waiting reader may go on now.
    bool put(std::uint8_t byte, bool keep_without_reader) {
        if (!open_.load(std::memory_order_acquire) && !keep_without_reader) return false;
        const std::uint8_t text = byte == '\r' ? '\n' : byte;
        if (!queue_.put(text)) return false;
        const std::size_t wanted = wanted_.load(std::memory_order_seq_cst);
        return text == '\n' || (wanted != 0 && queue_.size() >= wanted);
    }

    // Consumer.

    /// A reader begins; with `forget`, what an earlier one left is gone.
    void open(bool forget) {
        if (forget) queue_.clear();
        open_.store(true, std::memory_order_release);
    }
    void close() { open_.store(false, std::memory_order_release); }

    /// Bytes that a read of `size` gets now: 0 means that it has to wait.
    std::size_t ready(std::size_t size) {
        // Before looking: the producer that adds the last missing byte must see the wish.
        wanted_.store(size < capacity ? size : capacity, std::memory_order_seq_cst);
        const std::size_t there = queue_.size();
        const std::size_t limit = there < size ? there : size;
        for (std::size_t i = 0; i < limit; ++i)
            if (queue_.at(i) == '\n') return i + 1;
        return there >= size || there == capacity ? limit : 0;
    }

    std::size_t take(std::span<std::uint8_t> into) { return queue_.pop(into); }

    /// Bytes that were dropped since the last time.
    std::uint64_t take_lost() {
        const std::uint64_t lost = queue_.overflows();
        return lost - std::exchange(told_, lost);
    }

  private:
    serial::ReceiveQueue<capacity> queue_;
    std::uint64_t told_ = 0;  // the consumer's
    std::atomic<bool> open_{false};
    std::atomic<std::size_t> wanted_{0};  // 0: nothing yet
};

}  // namespace sos::console

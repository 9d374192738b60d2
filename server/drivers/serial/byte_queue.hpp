// SPDX-License-Identifier: BSD-2-Clause
// ByteQueue<N>: a bounded FIFO of bytes between one producer thread and one consumer thread that
// may preempt each other anywhere. Neither side ever waits.
//
// Invariant: head_ counts bytes pushed and is written by the producer alone, tail_ counts bytes
// popped and is written by the consumer alone; 0 <= head_ - tail_ <= N. A byte is written before
// head_ moves past it and read before tail_ does.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace sos::serial {

template <std::size_t N>
class ByteQueue {
    static_assert(N > 0 && (N & (N - 1)) == 0, "a power of two");

  public:
    static constexpr std::size_t capacity = N;

    std::size_t size() const {
        return head_.load(std::memory_order_acquire) - tail_.load(std::memory_order_acquire);
    }
    bool empty() const { return size() == 0; }
    std::size_t space() const { return N - size(); }

    /// Producer: appends as many of `bytes` as fit, from the front; returns how many.
    std::size_t push(std::span<const std::uint8_t> bytes) {
        const std::size_t head = head_.load(std::memory_order_relaxed);
        const std::size_t used = head - tail_.load(std::memory_order_acquire);
        const std::size_t count = std::min(bytes.size(), N - used);
        const std::size_t first = std::min(count, N - head % N);
        copy(items_ + head % N, bytes.data(), first);
        copy(items_, bytes.data() + first, count - first);
        // The consumer reads the bytes as soon as it sees the new head.
        head_.store(head + count, std::memory_order_release);
        return count;
    }

    /// Consumer: takes the oldest byte, if there is one.
    bool pop(std::uint8_t& byte) {
        const std::size_t tail = tail_.load(std::memory_order_relaxed);
        if (head_.load(std::memory_order_acquire) == tail) return false;
        byte = items_[tail % N];
        // The producer may overwrite the byte as soon as it sees the new tail.
        tail_.store(tail + 1, std::memory_order_release);
        return true;
    }

    /// Consumer: takes up to `bytes.size()` of the oldest bytes; returns how many.
    std::size_t pop(std::span<std::uint8_t> bytes) {
        const std::size_t tail = tail_.load(std::memory_order_relaxed);
        const std::size_t used = head_.load(std::memory_order_acquire) - tail;
        const std::size_t count = std::min(bytes.size(), used);
        const std::size_t first = std::min(count, N - tail % N);
        copy(bytes.data(), items_ + tail % N, first);
        copy(bytes.data() + first, items_, count - first);
        tail_.store(tail + count, std::memory_order_release);
        return count;
    }

    /// Consumer: the byte `index` places behind the oldest. Requires index < size().
    std::uint8_t at(std::size_t index) const {
        return items_[(tail_.load(std::memory_order_relaxed) + index) % N];
    }

    /// Consumer: forgets everything that is queued.
    void clear() { tail_.store(head_.load(std::memory_order_acquire), std::memory_order_release); }

  private:
    static void copy(std::uint8_t* to, const std::uint8_t* from, std::size_t count) {
        if (count != 0) std::memcpy(to, from, count);
    }

    std::uint8_t items_[N]{};
    std::atomic<std::size_t> head_{0};
    std::atomic<std::size_t> tail_{0};
};

/// The queue between the interrupt (producer) and the reader of the console (consumer). What does
/// not fit is dropped, newest first, and counted.
template <std::size_t N>
class ReceiveQueue : public ByteQueue<N> {
  public:
    /// Producer: false when the byte was dropped.
    bool put(std::uint8_t byte) {
        if (this->push({&byte, 1}) == 1) return true;
        overflows_.fetch_add(1, std::memory_order_relaxed);
        return false;
    }
    std::uint64_t overflows() const { return overflows_.load(std::memory_order_relaxed); }

  private:
    std::atomic<std::uint64_t> overflows_{0};
};

}  // namespace sos::serial

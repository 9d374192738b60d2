// SPDX-License-Identifier: BSD-2-Clause
// RingBuffer<T, N>: bounded FIFO. push refuses when full; nothing is ever overwritten.
#pragma once

#include <cstddef>

namespace base {

template <typename T, std::size_t N>
class RingBuffer {
    static_assert(N > 0 && (N & (N - 1)) == 0, "a power of two");

  public:
    static constexpr std::size_t capacity = N;

    constexpr std::size_t size() const { return head_ - tail_; }
    constexpr bool empty() const { return head_ == tail_; }
    constexpr bool full() const { return size() == N; }
    constexpr void clear() { tail_ = head_; }

    /// False, and no change, when full.
    [[nodiscard]] constexpr bool push(const T& value) {
        if (full()) return false;
        items_[head_++ % N] = value;
        return true;
    }

    /// Requires !empty().
    constexpr T pop() { return items_[tail_++ % N]; }

    /// The element `index` places behind the oldest.
    constexpr const T& at(std::size_t index) const { return items_[(tail_ + index) % N]; }

  private:
    T items_[N]{};
    std::size_t head_ = 0;  // counts pushes
    std::size_t tail_ = 0;  // counts pops
};

}  // namespace base

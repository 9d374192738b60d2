// SPDX-License-Identifier: BSD-2-Clause
// BoundedList<T, N>: up to N values in place. add refuses when full.
#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace sos::platform {

template <typename T, std::size_t N>
class BoundedList {
  public:
    static constexpr std::size_t capacity = N;

    /// False, and no change, when full.
    [[nodiscard]] constexpr bool add(const T& value) {
        if (size_ == N) return false;
        items_[size_++] = value;
        return true;
    }
    constexpr std::size_t size() const { return size_; }
    constexpr bool empty() const { return size_ == 0; }
    constexpr const T& operator[](std::size_t index) const { return items_[index]; }
    constexpr const T* begin() const { return items_.data(); }
    constexpr const T* end() const { return items_.data() + size_; }
    constexpr std::span<const T> all() const { return {items_.data(), size_}; }

  private:
    std::array<T, N> items_{};
    std::size_t size_ = 0;
};

}  // namespace sos::platform

// SPDX-License-Identifier: BSD-2-Clause
// Strong<Tag, T>: a number with a meaning. Two of them do not mix, and only raw() gives the number.
#pragma once

#include <compare>
#include <cstdint>

namespace base {

template <typename Tag, typename T = std::uint64_t>
class Strong {
  public:
    using Raw = T;

    constexpr Strong() = default;
    constexpr explicit Strong(T value) : value_(value) {}
    constexpr T raw() const { return value_; }
    friend constexpr auto operator<=>(Strong, Strong) = default;
    friend constexpr bool operator==(Strong, Strong) = default;

  private:
    T value_{};
};

/// A strong number that can be moved by a distance, such as an address.
template <typename Tag, typename T = std::uint64_t>
class StrongOffset : public Strong<Tag, T> {
  public:
    using Strong<Tag, T>::Strong;
    constexpr StrongOffset operator+(T distance) const {
        return StrongOffset(static_cast<T>(this->raw() + distance));
    }
    constexpr StrongOffset operator-(T distance) const {
        return StrongOffset(static_cast<T>(this->raw() - distance));
    }
    constexpr T operator-(StrongOffset other) const {
        return static_cast<T>(this->raw() - other.raw());
    }
};

using VAddr = StrongOffset<struct VAddrTag>;  // user virtual address
using PAddr = StrongOffset<struct PAddrTag>;  // physical address

}  // namespace base

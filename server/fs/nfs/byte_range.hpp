// SPDX-License-Identifier: BSD-2-Clause
// ByteRange: some bytes of one page, from `begin` up to `end`.
#pragma once

#include <algorithm>
#include <cstdint>

namespace sos::fs::nfs {

struct ByteRange {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;

    constexpr bool empty() const { return begin == end; }
    constexpr std::uint32_t size() const { return end - begin; }
    constexpr bool contains(ByteRange other) const {
        return begin <= other.begin && other.end <= end;
    }
    /// Do the two overlap, or follow each other without a gap? Nothing touches what is empty.
    constexpr bool touches(ByteRange other) const {
        return !empty() && !other.empty() && begin <= other.end && other.begin <= end;
    }
    /// Grows to the least range that holds both.
    constexpr void include(ByteRange other) {
        if (other.empty()) return;
        *this = empty() ? other : ByteRange{std::min(begin, other.begin), std::max(end, other.end)};
    }
    /// Loses what lies at `limit` and behind.
    constexpr void cut(std::uint32_t limit) {
        end = std::min(end, limit);
        if (begin >= end) *this = {};
    }
    friend constexpr bool operator==(ByteRange, ByteRange) = default;
};

}  // namespace sos::fs::nfs

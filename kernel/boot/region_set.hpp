// SPDX-License-Identifier: BSD-2-Clause
// RegionSet: which physical memory is free, while the kernel starts. Ranges are disjoint, ascending
// and never empty. Allocation takes from the top, so what is left stays in few large pieces; these
// are then cut into untypeds.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/assert.hpp"
#include "base/bits.hpp"

namespace numbat {

struct Region {
    std::uint64_t start = 0;
    std::uint64_t end = 0;  // exclusive

    constexpr std::uint64_t size() const { return end - start; }
    friend constexpr bool operator==(Region, Region) = default;
};

class RegionSet {
  public:
    static constexpr std::size_t capacity = 32;

    constexpr std::span<const Region> regions() const { return {regions_.data(), count_}; }

    /// Adds a range; it overlaps none that is there. False when the set is full.
    [[nodiscard]] constexpr bool add(Region region) {
        if (region.start >= region.end) return true;
        if (count_ == capacity) return false;
        std::size_t at = count_;
        for (; at > 0 && regions_[at - 1].start > region.start; --at)
            regions_[at] = regions_[at - 1];
        regions_[at] = region;
        ++count_;
        return true;
    }

    /// Takes a range out, wherever it overlaps. False when a range would have to be split and the
    /// set is full.
    [[nodiscard]] constexpr bool remove(Region taken) {
        for (std::size_t i = 0; i < count_;) {
            const Region old = regions_[i];
            if (taken.start >= old.end || taken.end <= old.start) {
                ++i;
                continue;
            }
            const Region below{old.start, taken.start};
            const Region above{taken.end, old.end};
            erase(i);
            if (below.start < below.end) {
                if (!add(below)) return false;
                ++i;
            }
            if (above.start < above.end) {
                if (!add(above)) return false;
                ++i;
            }
        }
        return true;
    }

    /// The highest free range of `size` bytes, aligned to a power of two; what lies above it in
    /// its region stays free.
    constexpr std::optional<std::uint64_t> allocate(std::uint64_t size, std::uint64_t alignment) {
        for (std::size_t i = count_; i > 0; --i) {
            const Region region = regions_[i - 1];
            if (region.size() < size) continue;
            const std::uint64_t start = base::align_down(region.end - size, alignment);
            if (start < region.start) continue;
            if (!remove({start, start + size})) return std::nullopt;
            return start;
        }
        return std::nullopt;
    }

  private:
    constexpr void erase(std::size_t at) {
        for (; at + 1 < count_; ++at) regions_[at] = regions_[at + 1];
        --count_;
    }

    std::array<Region, capacity> regions_{};
    std::size_t count_ = 0;
};

/// Cuts a region from its start into the largest powers of two that its size and the alignment of
/// the address allow, from `max_bits` down to `min_bits`; smaller pieces are dropped. Calls
/// `piece(address, bits)`.
template <typename Function>
constexpr void cut_into_powers(Region region, unsigned min_bits, unsigned max_bits,
                               Function&& piece) {
    std::uint64_t at = region.start;
    while (at < region.end) {
        unsigned bits = max_bits;
        while (bits > 0 &&
               (!base::aligned(at, base::bit(bits)) || region.end - at < base::bit(bits)))
            --bits;
        if (bits >= min_bits) piece(at, bits);
        at += base::bit(bits);
    }
}

}  // namespace numbat

// SPDX-License-Identifier: BSD-2-Clause
// SlotMap: which slots of the page file are in use (seed 5.4). Two levels: a word with a bit for
// each segment that is full, and for each segment a bitmap of its slots, which lies in the
// segment's first slot on disk; so slot 0 of each segment is never handed out.
//
// The bitmaps of all segments are kept in memory (64 KiB), because a slot must be found and freed
// without any I/O: eviction may not need an eviction, and a process that dies frees slots of every
// segment. The page file is made afresh at each boot, so what is on disk is never read back.
//
// A template on the geometry, so that tests can try all states of a small one.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "base/assert.hpp"

namespace sos::vm {

struct SlotRun {
    std::uint32_t first = 0;
    std::uint32_t count = 0;  // 0: there is none
};

template <unsigned SegmentCount, unsigned SegmentBits>
class SlotMap {
  public:
    static_assert(SegmentCount <= 16);
    static constexpr std::uint32_t segment_slots = 1u << SegmentBits;
    static constexpr std::uint32_t all_slots = SegmentCount * segment_slots;
    static constexpr std::uint32_t usable_slots = SegmentCount * (segment_slots - 1);

    constexpr SlotMap() {
        for (unsigned segment = 0; segment < SegmentCount; ++segment) {
            mark(segment * segment_slots, true);
        }
    }

    /// At most this many slots may be in use; to be set before the first is taken.
    void limit(std::uint32_t slots) { limit_ = std::min(slots, usable_slots); }

    /// Up to `wanted` slots one after the other, in one segment. They are looked for from where the
    /// last ones were found, so that what is written together lies together.
    SlotRun take(std::uint32_t wanted) {
        wanted = std::min(wanted, limit_ - used_);
        if (wanted == 0) return {};
        for (unsigned i = 0; i <= SegmentCount; ++i) {
            const unsigned segment = (cursor_ / segment_slots + i) % SegmentCount;
            if ((full_ >> segment & 1) != 0) continue;
            const std::uint32_t start = segment * segment_slots;
            const std::uint32_t from = i == 0 ? cursor_ : start;
            const std::uint32_t first = next_free(from, start + segment_slots);
            if (first == start + segment_slots) continue;
            return take_at(first, wanted);
        }
        return {};
    }

    void give(std::uint32_t slot) {
        ASSERT(slot < all_slots && slot % segment_slots != 0 && in_use(slot));
        mark(slot, false);
        full_ &= static_cast<std::uint16_t>(~(1u << slot / segment_slots));
        --used_in_[slot / segment_slots];
        --used_;
    }

    bool in_use(std::uint32_t slot) const { return (words_[slot / 64] >> slot % 64 & 1) != 0; }
    std::uint32_t used() const { return used_; }
    std::uint32_t free() const { return limit_ - used_; }
    /// A bit for each segment without a free slot.
    std::uint16_t full_segments() const { return full_; }

  private:
    static constexpr std::uint32_t word_count = (all_slots + 63) / 64;

    constexpr void mark(std::uint32_t slot, bool used) {
        const std::uint64_t bit = std::uint64_t{1} << slot % 64;
        words_[slot / 64] = used ? words_[slot / 64] | bit : words_[slot / 64] & ~bit;
    }

    /// The first free slot of [from, end), or `end`.
    std::uint32_t next_free(std::uint32_t from, std::uint32_t end) const {
        while (from < end) {
            const std::uint64_t free = ~words_[from / 64] >> from % 64;
            if (free != 0) {
                return std::min(end, from + static_cast<std::uint32_t>(std::countr_zero(free)));
            }
            from = (from / 64 + 1) * 64;
        }
        return end;
    }

    SlotRun take_at(std::uint32_t first, std::uint32_t wanted) {
        const unsigned segment = first / segment_slots;
        const std::uint32_t end = (segment + 1) * segment_slots;
        SlotRun run{first, 0};
        for (; run.count < wanted && first + run.count < end && !in_use(first + run.count);
             ++run.count) {
            mark(first + run.count, true);
        }
        used_ += run.count;
        used_in_[segment] += run.count;
        if (used_in_[segment] == segment_slots - 1) {
            full_ |= static_cast<std::uint16_t>(1u << segment);
        }
        cursor_ = (first + run.count) % all_slots;
        return run;
    }

    std::array<std::uint64_t, word_count> words_{};
    std::array<std::uint32_t, SegmentCount> used_in_{};
    std::uint16_t full_ = 0;
    std::uint32_t cursor_ = 0;
    std::uint32_t used_ = 0;
    std::uint32_t limit_ = usable_slots;
};

}  // namespace sos::vm

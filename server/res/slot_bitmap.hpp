// SPDX-License-Identifier: BSD-2-Clause
// Which slots of the capability space are free: one bit each, in leaves of 4096 with a summary word
// on top, so that taking one is three bit scans. Windows (runs inside one leaf) are for objects
// that the kernel makes many at a time. Pure bookkeeping.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <optional>

#include "base/assert.hpp"
#include "base/bits.hpp"

namespace sos::res {

class SlotBitmap {
  public:
    static constexpr unsigned leaf_bits = 12;
    static constexpr unsigned leaf_slots = 1u << leaf_bits;
    static constexpr unsigned max_leaves = 512;
    static constexpr unsigned max_window = 512;

    unsigned leaves() const { return leaves_; }
    std::uint32_t free() const { return free_; }

    /// Adds a leaf (the next number) without free slots; requires leaves() < max_leaves.
    unsigned add_leaf() {
        ASSERT(leaves_ < max_leaves);
        return leaves_++;
    }

    /// Any free slot.
    std::optional<std::uint32_t> take() {
        for (unsigned group = 0; group < group_count; ++group) {
            if (groups_[group] == 0) continue;
            const unsigned leaf = group * 64 + ctz(groups_[group]);
            const unsigned word = ctz(data_[leaf].summary);
            const unsigned bit = ctz(data_[leaf].words[word]);
            clear(leaf, word, base::bit(bit), 1);
            return leaf * leaf_slots + word * 64 + bit;
        }
        return std::nullopt;
    }

    /// `count` adjacent slots in one leaf, a power of two up to max_window.
    std::optional<std::uint32_t> take_window(unsigned count) {
        ASSERT(count > 0 && (count & (count - 1)) == 0 && count <= max_window);
        for (unsigned leaf = 0; leaf < leaves_; ++leaf) {
            if (data_[leaf].free < count) continue;
            const auto found =
                count <= 64 ? window_in_words(leaf, count) : window_of_words(leaf, count / 64);
            if (found) return found;
        }
        return std::nullopt;
    }

    /// Marks taken slots (or new ones) free.
    void give(std::uint32_t first, std::uint32_t count) {
        for (std::uint32_t slot = first; slot < first + count;) {
            Leaf& leaf = data_[slot >> leaf_bits];
            const unsigned word = (slot >> 6) & 63;
            const std::uint32_t now = std::min(64 - (slot & 63), first + count - slot);
            const std::uint64_t mask = base::mask(now) << (slot & 63);
            ASSERT((leaf.words[word] & mask) == 0);
            leaf.words[word] |= mask;
            leaf.summary |= base::bit(word);
            leaf.free += now;
            groups_[slot >> (leaf_bits + 6)] |= base::bit((slot >> leaf_bits) & 63);
            slot += now;
        }
        free_ += count;
    }

  private:
    static constexpr unsigned group_count = max_leaves / 64;

    struct Leaf {
        std::uint64_t summary = 0;  // bit w: words[w] has a free slot
        std::uint32_t free = 0;
        std::array<std::uint64_t, 64> words{};  // bit set: free
    };

    static unsigned ctz(std::uint64_t word) {
        return static_cast<unsigned>(std::countr_zero(word));
    }

    void clear(unsigned leaf_index, unsigned word, std::uint64_t mask, std::uint32_t count) {
        Leaf& leaf = data_[leaf_index];
        leaf.words[word] &= ~mask;
        leaf.free -= count;
        free_ -= count;
        if (leaf.words[word] == 0) leaf.summary &= ~base::bit(word);
        if (leaf.summary == 0) groups_[leaf_index / 64] &= ~base::bit(leaf_index % 64);
    }

    std::optional<std::uint32_t> window_in_words(unsigned leaf, unsigned count) {
        for (unsigned word = 0; word < 64; ++word) {
            // Fold until bit i says that slots i .. i + count - 1 are all free.
            std::uint64_t runs = data_[leaf].words[word];
            for (unsigned have = 1; have < count && runs != 0; have *= 2) runs &= runs >> have;
            if (runs == 0) continue;
            const unsigned bit = ctz(runs);
            clear(leaf, word, base::mask(count) << bit, count);
            return leaf * leaf_slots + word * 64 + bit;
        }
        return std::nullopt;
    }

    std::optional<std::uint32_t> window_of_words(unsigned leaf, unsigned count) {
        unsigned run = 0;
        for (unsigned word = 0; word < 64; ++word) {
            run = data_[leaf].words[word] == ~0ull ? run + 1 : 0;
            if (run < count) continue;
            const unsigned first = word + 1 - count;
            for (unsigned w = first; w <= word; ++w) clear(leaf, w, ~0ull, 64);
            return leaf * leaf_slots + first * 64;
        }
        return std::nullopt;
    }

    unsigned leaves_ = 0;
    std::uint32_t free_ = 0;
    std::array<std::uint64_t, group_count> groups_{};  // bit l: leaf l has a free slot
    std::array<Leaf, max_leaves> data_{};
};

}  // namespace sos::res

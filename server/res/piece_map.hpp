// SPDX-License-Identifier: BSD-2-Clause
// PieceMap<N>: which of up to N equal pieces of something are free.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "base/assert.hpp"
#include "base/bits.hpp"

namespace sos::res {

template <unsigned N>
class PieceMap {
    static_assert(N % 64 == 0);

  public:
    /// Starts with `count` free pieces.
    void reset(unsigned count) {
        ASSERT(count <= N);
        free_ = static_cast<std::uint16_t>(count);
        for (unsigned word = 0; word < N / 64; ++word) {
            const unsigned first = word * 64;
            words_[word] = count <= first ? 0 : base::mask(std::min(count - first, 64u));
        }
    }

    unsigned free() const { return free_; }

    /// Requires free() > 0.
    unsigned take() {
        unsigned word = 0;
        while (words_[word] == 0) ++word;
        const auto bit = static_cast<unsigned>(std::countr_zero(words_[word]));
        words_[word] &= words_[word] - 1;
        --free_;
        return word * 64 + bit;
    }

    void give(unsigned piece) {
        ASSERT((words_[piece / 64] & base::bit(piece % 64)) == 0);
        words_[piece / 64] |= base::bit(piece % 64);
        ++free_;
    }

  private:
    std::uint16_t free_ = 0;
    std::array<std::uint64_t, N / 64> words_{};
};

}  // namespace sos::res

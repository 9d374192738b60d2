// SPDX-License-Identifier: BSD-2-Clause
// MemoryRanges: what the program is known to be able to write to, as SOS has told it, until it
// changes its memory there.
#pragma once

#include <cstdint>

namespace sosapi {

class MemoryRanges {
  public:
    bool contain(std::uint64_t address, std::uint64_t size) const {
        for (const Range& range : ranges_) {
            if (address >= range.begin && address < range.end && size <= range.end - address) {
                return true;
            }
        }
        return false;
    }

    /// In place of the one that was added longest ago; nothing if it is empty, or known.
    void add(std::uint64_t begin, std::uint64_t end) {
        if (closed_ || begin >= end || contain(begin, end - begin)) return;
        ranges_[next_++ % count] = {begin, end};
    }

    /// All that have an address of [begin, begin + size), which may wrap.
    void remove(std::uint64_t begin, std::uint64_t size) {
        const std::uint64_t end = begin + size < begin ? ~std::uint64_t{0} : begin + size;
        for (Range& range : ranges_) {
            if (range.begin < end && begin < range.end) range = {};
        }
    }

    /// For good.
    void close() {
        closed_ = true;
        for (Range& range : ranges_) range = {};
    }
    bool closed() const { return closed_; }

  private:
    static constexpr unsigned count = 4;
    struct Range {
        std::uint64_t begin = 0;
        std::uint64_t end = 0;
    };

    Range ranges_[count]{};
    unsigned next_ = 0;
    bool closed_ = false;
};

}  // namespace sosapi

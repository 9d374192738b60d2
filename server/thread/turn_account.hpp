// SPDX-License-Identifier: BSD-2-Clause
// TurnAccount: how much of its turn somebody has used, if asking for that is dear and looking at
// the clock is cheap: nobody can use more than has passed. Pure arithmetic on one unit of time.
#pragma once

#include <algorithm>
#include <cstdint>

namespace sos::thread {

class TurnAccount {
  public:
    explicit constexpr TurnAccount(std::uint64_t slice) : slice_(slice) {}

    /// Could the turn be over by now? If so, look().
    bool worth_a_look(std::uint64_t now) const { return now >= next_look_; }

    /// What has been used since the last look. True: the turn is over; restart() begins the next.
    bool look(std::uint64_t now, std::uint64_t used) {
        used_ += used;
        if (used_ >= slice_) return true;
        // Towards the end not again and again: a turn may be a little longer.
        next_look_ = now + std::max(slice_ - used_, slice_ / 8);
        return false;
    }

    void restart(std::uint64_t now) {
        used_ = 0;
        next_look_ = now + slice_;
    }

  private:
    std::uint64_t slice_;
    std::uint64_t used_ = 0;
    std::uint64_t next_look_ = 0;
};

}  // namespace sos::thread

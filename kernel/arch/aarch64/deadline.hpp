// SPDX-License-Identifier: BSD-2-Clause
// Deadline: when the kernel's timer should fire, and when it will. Every switch of threads moves
// the deadline, mostly away, and a write to the timer is dear; so the timer is set anew only for an
// earlier deadline, and follows a later one when it has fired too early.
// Invariant: armed <= wanted, except between a firing that was due and the next want().
#pragma once

#include <cstdint>
#include <optional>

namespace arch {

class Deadline {
  public:
    static constexpr std::uint64_t never = ~0ull;

    /// True: set the timer to `ticks` now.
    [[nodiscard]] constexpr bool want(std::uint64_t ticks) {
        wanted_ = ticks;
        if (ticks > armed_) [[likely]]
            return false;
        armed_ = ticks;
        return true;
    }

    /// The timer has fired. Too early: what to set it to. Due: nothing, and the next want() sets
    /// the timer whatever it asks for, `never` included, since that alone ends the timer's signal.
    [[nodiscard]] constexpr std::optional<std::uint64_t> fired(std::uint64_t now) {
        if (now < wanted_) {
            armed_ = wanted_;
            return wanted_;
        }
        armed_ = never;
        return std::nullopt;
    }

  private:
    std::uint64_t wanted_ = never;
    std::uint64_t armed_ = never;
};

}  // namespace arch

// SPDX-License-Identifier: BSD-2-Clause
// TickRate: a counter's ticks as time and back, exact and without overflow for all 64 bits of ticks
// at every frequency from 1 MHz to 1 GHz: whole seconds and the rest are converted apart, since the
// product of a time and a frequency does not fit in 64 bits.
#pragma once

#include <cstdint>

namespace base {

class TickRate {
  public:
    static constexpr std::uint64_t us_per_s = 1'000'000, ns_per_s = 1'000'000'000;
    static constexpr std::uint64_t min_hz = us_per_s, max_hz = ns_per_s;

    struct Time {
        std::uint64_t seconds;
        std::uint64_t nanoseconds;  // below a second
    };

    static constexpr bool usable(std::uint64_t hz) { return hz >= min_hz && hz <= max_hz; }

    constexpr explicit TickRate(std::uint64_t hz) : hz_(hz) {}

    /// Rounded down.
    constexpr Time to_time(std::uint64_t ticks) const {
        return {ticks / hz_, ticks % hz_ * ns_per_s / hz_};
    }
    /// Rounded down.
    constexpr std::uint64_t to_us(std::uint64_t ticks) const {
        return ticks / hz_ * us_per_s + ticks % hz_ * us_per_s / hz_;
    }
    /// Rounded up, so that to_us() has advanced by `us` when as many ticks have gone by. Overflows
    /// beyond 2^64 ticks.
    constexpr std::uint64_t to_ticks(std::uint64_t us) const {
        const std::uint64_t rest = us % us_per_s * hz_;
        return us / us_per_s * hz_ + rest / us_per_s + (rest % us_per_s != 0 ? 1 : 0);
    }

  private:
    std::uint64_t hz_;
};

}  // namespace base

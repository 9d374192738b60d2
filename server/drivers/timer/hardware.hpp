// SPDX-License-Identifier: BSD-2-Clause
// What the timeout list asks of a timer: the time since boot, and one countdown that interrupts
// when it ends. The countdown has a width and some resolutions to choose from; this header chooses.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

namespace sos::timer {

template <typename T>
concept TimerHardware = requires(T& hardware, std::size_t resolution, std::uint64_t count) {
    // Ascending microseconds per step of the countdown; at least one.
    { T::resolutions_us[0] } -> std::convertible_to<std::uint64_t>;
    // The longest countdown, in steps.
    { T::max_count } -> std::convertible_to<std::uint64_t>;
    // Microseconds since boot; never goes back.
    { hardware.now_us() } -> std::same_as<std::uint64_t>;
    // Replaces the countdown in progress, if any. 1 <= count <= max_count.
    hardware.start(resolution, count);
    // No interrupt until the next start.
    hardware.stop();
};

struct Countdown {
    std::size_t resolution;  // index into resolutions_us
    std::uint64_t count;
    friend constexpr bool operator==(const Countdown&, const Countdown&) = default;
};

/// The finest countdown that reaches `distance_us`, or else the longest there is, after which the
/// rest is counted down anew. It ends at most one step late, and early only when it is too short.
template <TimerHardware Hardware>
constexpr Countdown choose_countdown(std::uint64_t distance_us) {
    std::size_t resolution = 0;
    for (const std::uint64_t step : Hardware::resolutions_us) {
        const std::uint64_t count = distance_us / step + (distance_us % step != 0 ? 1 : 0);
        if (count <= Hardware::max_count) return {resolution, count == 0 ? 1 : count};
        ++resolution;
    }
    return {resolution - 1, Hardware::max_count};
}

}  // namespace sos::timer

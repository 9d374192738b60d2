// SPDX-License-Identifier: BSD-2-Clause
// Countdown timer A and the time counter E of the Amlogic Meson SoCs (S905 data sheet, chapter
// "Timer"). A is 16 bits wide and counts steps of 1, 10, 100 or 1000 microseconds; it is used for
// single countdowns. E is 64 bits of microseconds in two registers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bitfield.hpp"
#include "base/mmio.hpp"

namespace sos::timer {

namespace meson {
namespace reg {
inline constexpr std::size_t mux = 0x00, timer_a = 0x04, timer_e_low = 0x48, timer_e_high = 0x4c;
}
namespace mux {
using ClockA = base::Field<0, 2>;  // index into resolutions_us
using ClockE = base::Field<8, 3>;
using PeriodicA = base::Field<12, 1>;
using EnableA = base::Field<16, 1>;
inline constexpr std::uint64_t clock_e_1us = 1;
}  // namespace mux
}  // namespace meson

template <typename Bus = base::Mmio>
class MesonTimer {
  public:
    static constexpr std::array<std::uint64_t, 4> resolutions_us{1, 10, 100, 1000};
    static constexpr std::uint64_t max_count = 0xffff;

    constexpr explicit MesonTimer(Bus& bus) : bus_(bus) {}

    /// Time begins here; no countdown runs.
    void initialise() {
        std::uint64_t mux = read(meson::reg::mux);
        mux = meson::mux::ClockE::set(mux, meson::mux::clock_e_1us);
        mux = meson::mux::PeriodicA::set(mux, 0);
        write_mux(meson::mux::EnableA::set(mux, 0));
        origin_ = counter();
    }

    std::uint64_t now_us() { return counter() - origin_; }

    void start(std::size_t resolution, std::uint64_t count) {
        // Stopped before it is loaded, or it would count the new value at the old resolution.
        stop();
        write(meson::reg::timer_a, static_cast<std::uint32_t>(count));
        const std::uint64_t mux = meson::mux::ClockA::set(read(meson::reg::mux), resolution);
        write_mux(meson::mux::EnableA::set(mux, 1));
    }

    void stop() { write_mux(meson::mux::EnableA::set(read(meson::reg::mux), 0)); }

  private:
    std::uint32_t read(std::size_t offset) { return bus_.template read<std::uint32_t>(offset); }
    void write(std::size_t offset, std::uint32_t value) {
        bus_.template write<std::uint32_t>(offset, value);
    }
    void write_mux(std::uint64_t value) {
        write(meson::reg::mux, static_cast<std::uint32_t>(value));
    }

    /// The two halves are of one moment when the upper one is the same before and after.
    std::uint64_t counter() {
        std::uint32_t high = read(meson::reg::timer_e_high);
        while (true) {
            const std::uint32_t low = read(meson::reg::timer_e_low);
            const std::uint32_t again = read(meson::reg::timer_e_high);
            if (again == high) return (std::uint64_t{high} << 32) | low;
            high = again;
        }
    }

    Bus& bus_;
    std::uint64_t origin_ = 0;
};

}  // namespace sos::timer

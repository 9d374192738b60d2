// SPDX-License-Identifier: BSD-2-Clause
// Timers as a test sees them: time moves when the test says so, and the model tells whether the
// interrupt is raised.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <utility>

#include "server/drivers/timer/generic_timer.hpp"
#include "server/drivers/timer/meson_timer.hpp"

namespace model {

/// Counts calls and notices a lock taken twice or not held.
struct CheckedLock {
    void lock() {
        if (held) throw std::logic_error("lock taken twice");
        held = true;
        ++taken;
    }
    void unlock() {
        if (!held) throw std::logic_error("lock not held");
        held = false;
    }
    bool held = false;
    std::uint64_t taken = 0;
};

/// A countdown of any width, exact to the microsecond.
struct IdealTimer {
    static constexpr std::array<std::uint64_t, 1> resolutions_us{1};
    static constexpr std::uint64_t max_count = ~std::uint64_t{0};

    std::uint64_t now_us() const { return now; }
    void start(std::size_t, std::uint64_t count) {
        if (count == 0) throw std::logic_error("countdown of 0");
        running = true;
        end = count > ~std::uint64_t{0} - now ? ~std::uint64_t{0} : now + count;
        ++programmed;
    }
    void stop() { running = false; }
    bool raised() const { return running && now >= end; }

    std::uint64_t now = 0;
    std::uint64_t end = 0;
    bool running = false;
    std::uint64_t programmed = 0;
};

/// The generic timer's registers at a given frequency; the time is in ticks.
struct GenericRegisters {
    std::uint64_t frequency_hz() const { return frequency; }
    std::uint64_t counter() { return ticks += ticks_per_read; }
    void set_compare(std::uint64_t value) { compare = value; }
    void set_control(std::uint64_t value) { control = value; }
    bool raised() const {
        namespace ctl = sos::timer::cntp_ctl;
        return (control & ctl::enable) != 0 && (control & ctl::mask) == 0 && ticks >= compare;
    }

    std::uint64_t frequency = 62'500'000;
    std::uint64_t ticks = 0;
    std::uint64_t ticks_per_read = 1;
    std::uint64_t compare = 0;
    std::uint64_t control = 0;
};

/// Timers A and E of the Meson at register level, with what makes such hardware hard to use:
/// - The divider of timer A runs freely, so the first step of a countdown may be short.
/// - Time goes on between accesses: a countdown may end while it is being replaced, and the halves
///   of the counter are of different moments.
/// - Loading restarts a running countdown at the resolution that is set.
/// - The interrupt is an edge: the controller remembers it, whatever happens to the timer then.
class MesonBus {
  public:
    template <typename T>
    std::uint32_t read(std::size_t offset) {
        static_assert(sizeof(T) == 4);
        namespace reg = sos::timer::meson::reg;
        advance(us_per_access);
        switch (offset) {
            case reg::mux:
                return mux_;
            case reg::timer_a:
                return load_ | (left_ << 16);
            case reg::timer_e_low:
                return static_cast<std::uint32_t>(counter());
            case reg::timer_e_high:
                return static_cast<std::uint32_t>(counter() >> 32);
            default:
                throw std::logic_error("read of an unknown register");
        }
    }

    template <typename T>
    void write(std::size_t offset, T value) {
        static_assert(sizeof(T) == 4);
        namespace reg = sos::timer::meson::reg;
        advance(us_per_access);
        if (offset == reg::mux) {
            const bool was_enabled = enabled();
            mux_ = value;
            if (enabled() && !was_enabled) left_ = load_;
            if (!enabled()) raised_ = false;
        } else if (offset == reg::timer_a) {
            if (value > 0xffff || value == 0) throw std::logic_error("bad count");
            load_ = value;
            if (enabled()) left_ = load_;
        } else {
            throw std::logic_error("write of an unknown register");
        }
    }

    void advance(std::uint64_t us) {
        if (const auto rest = until_end(); rest && *rest <= us) {
            left_ = 0;
            raised_ = latched_ = true;
        } else if (rest) {
            left_ -= static_cast<std::uint32_t>((now + us) / step() - now / step());
        }
        now += us;
    }
    void tick() { advance(1); }
    /// Microseconds until the countdown in progress ends.
    std::optional<std::uint64_t> until_end() const {
        if (!enabled() || left_ == 0) return std::nullopt;
        return (now / step() + left_) * step() - now;
    }
    bool raised() const { return raised_; }
    /// The interrupt controller hands over the interrupt that it remembers.
    bool take_interrupt() { return std::exchange(latched_, false); }
    std::uint64_t step() const {
        constexpr std::uint64_t steps[] = {1, 10, 100, 1000};
        return steps[sos::timer::meson::mux::ClockA::get(mux_)];
    }
    std::uint32_t left() const { return left_; }
    bool enabled() const { return sos::timer::meson::mux::EnableA::get(mux_) != 0; }

    std::uint64_t now = 0;
    std::uint64_t us_per_access = 0;

  private:
    std::uint64_t counter() const {
        if (sos::timer::meson::mux::ClockE::get(mux_) != sos::timer::meson::mux::clock_e_1us)
            throw std::logic_error("timer E does not count microseconds");
        return now;
    }

    std::uint32_t mux_ = 0;
    std::uint32_t load_ = 0;
    std::uint32_t left_ = 0;
    bool raised_ = false;
    bool latched_ = false;
};

}  // namespace model

// SPDX-License-Identifier: BSD-2-Clause
// The EL1 physical timer of the Arm generic timer (Arm ARM D11.2), used from EL0: CNTPCT for the
// time and CNTP_CVAL/CNTP_CTL for the countdown. Its interrupt is PPI 14 (INTID 30), level: high
// as long as the counter is at or above the compare value, so a value in the past is not lost.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>

#include "base/tick_rate.hpp"

namespace sos::timer {

inline constexpr unsigned generic_timer_irq = 30;

namespace cntp_ctl {
inline constexpr std::uint64_t enable = 1 << 0, mask = 1 << 1;
}

template <typename T>
concept GenericTimerRegisters = requires(T& registers, std::uint64_t value) {
    { registers.frequency_hz() } -> std::same_as<std::uint64_t>;
    { registers.counter() } -> std::same_as<std::uint64_t>;
    registers.set_compare(value);
    registers.set_control(value);
};

template <GenericTimerRegisters Registers>
class GenericTimer {
  public:
    static constexpr std::array<std::uint64_t, 1> resolutions_us{1};
    /// 35 years: short enough that no conversion below overflows at any frequency up to 1 GHz.
    static constexpr std::uint64_t max_count = std::uint64_t{1} << 50;

    constexpr explicit GenericTimer(Registers& registers) : registers_(registers) {}

    /// Time begins here. False when the counter's frequency is none that can be used.
    [[nodiscard]] bool initialise() {
        const std::uint64_t frequency = registers_.frequency_hz();
        origin_ = registers_.counter();
        stop();
        if (!base::TickRate::usable(frequency)) return false;
        rate_ = base::TickRate{frequency};
        return true;
    }

    std::uint64_t now_us() { return rate_.to_us(registers_.counter() - origin_); }
    /// What the counter showed when the time began.
    std::uint64_t origin_ticks() const { return origin_; }

    void start(std::size_t /*resolution*/, std::uint64_t count_us) {
        registers_.set_compare(registers_.counter() + rate_.to_ticks(count_us));
        registers_.set_control(cntp_ctl::enable);
    }

    void stop() { registers_.set_control(cntp_ctl::mask); }

  private:
    Registers& registers_;
    base::TickRate rate_{base::TickRate::min_hz};
    std::uint64_t origin_ = 0;
};

#ifdef __aarch64__
/// The registers of this processor. The kernel must export CNTPCT, CNTFRQ and CNTP_* to EL0.
struct ProcessorTimerRegisters {
    std::uint64_t frequency_hz() const {
        std::uint64_t value;
        asm volatile("mrs %0, cntfrq_el0" : "=r"(value));
        return value;
    }
    std::uint64_t counter() const {
        std::uint64_t value;
        // The barrier keeps the read from being done early (Arm ARM D11.2.2).
        asm volatile("isb\n\tmrs %0, cntpct_el0" : "=r"(value)::"memory");
        return value;
    }
    void set_compare(std::uint64_t value) const {
        asm volatile("msr cntp_cval_el0, %0" ::"r"(value) : "memory");
    }
    void set_control(std::uint64_t value) const {
        // The barrier makes the interrupt line follow before the handler acknowledges it.
        asm volatile("msr cntp_ctl_el0, %0\n\tisb" ::"r"(value) : "memory");
    }
};
#endif

}  // namespace sos::timer

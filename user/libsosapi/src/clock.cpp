// SPDX-License-Identifier: BSD-2-Clause
#include "clock.hpp"

#include "abi/sos_file.hpp"
#include "system_counter.hpp"

namespace sosapi::clock {

namespace {

constinit std::uint64_t origin_ticks = 0;
constinit std::uint64_t origin_us = 0;  // since 1970

using base::TickRate;

TickRate rate() {
    return TickRate{system_counter::frequency_hz()};
}

std::uint64_t ticks() {
    return system_counter::now() - origin_ticks;
}

}  // namespace

void note_auxiliary(std::uint64_t type, std::uint64_t value) {
    if (type == abi::auxv_clock_ticks) origin_ticks = value;
    if (type == abi::auxv_clock_date) origin_us = value;
}

std::uint64_t since_boot_us() {
    return rate().to_us(ticks());
}

TickRate::Time since_boot() {
    return rate().to_time(ticks());
}

TickRate::Time of_day() {
    const TickRate::Time since = since_boot();
    const std::uint64_t ns = origin_us % TickRate::us_per_s * 1000 + since.nanoseconds;
    return {origin_us / TickRate::us_per_s + since.seconds + ns / TickRate::ns_per_s,
            ns % TickRate::ns_per_s};
}

std::int64_t boot_date_us() {
    return static_cast<std::int64_t>(origin_us);
}

std::uint64_t resolution_ns() {
    const std::uint64_t hz = system_counter::frequency_hz();
    return (TickRate::ns_per_s + hz - 1) / hz;
}

}  // namespace sosapi::clock

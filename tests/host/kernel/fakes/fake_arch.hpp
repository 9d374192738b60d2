// SPDX-License-Identifier: BSD-2-Clause
// The architecture that the core sees in host tests: memory is an arena, time a variable, and the
// interrupt controller a few counters. A test may ask for an interrupt at every preemption point.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "arch/contract.hpp"

namespace fake {

inline constexpr std::uint64_t ram_start = 0x4000'0000;
inline constexpr std::size_t ram_size = 32u << 20;

struct State {
    std::uint64_t ticks;
    std::function<std::uint64_t()> passing;  // ticks that pass between two looks at the clock
    std::uint64_t deadline;
    bool irq_pending;
    unsigned next_irq;
    std::vector<unsigned> masked, unmasked;
    unsigned switches;
};
extern State state;

/// Fresh, zeroed memory and state.
void reset();
void* memory();

}  // namespace fake

// SPDX-License-Identifier: BSD-2-Clause
// Functions of contract.hpp that are worth having inline. Included by contract.hpp only.
#pragma once

#include "cpu_state.hpp"
#include "kernel_map.hpp"
#include "page_table.hpp"
#include "registers.hpp"

namespace arch {

// No isb: taking the exception synchronised the context, so this cannot be older than the entry.
inline std::uint64_t current_ticks() {
    return read_cntvct();
}

inline void set_deadline(std::uint64_t ticks) {
    if (cpu.deadline.want(ticks)) [[unlikely]]
        write_cntv_cval(ticks);
}

inline bool irq_pending() {
    return (read_isr() & base::bit(7)) != 0;
}

inline std::uint64_t window_base() {
    return physical_window;
}

inline std::uint64_t sanitise_spsr(std::uint64_t value) {
    return (value & user_flags_mask) | initial_spsr;
}

/// TTBR0_EL1 for a table in the physical window.
inline std::uint64_t make_ttbr0(const Entry* table, numbat::Asid asid) {
    return (reinterpret_cast<std::uint64_t>(table) - physical_window) | std::uint64_t{asid} << 48;
}

/// The address space of the thread as TTBR0 holds it; 0 if it has none, or if no ASID names it any
/// more. Other capabilities do not get into the VSpace slot.
[[gnu::always_inline]] inline std::uint64_t ttbr0_of(const numbat::Tcb& thread) {
    const numbat::Cap vspace = thread.slot(numbat::TcbSlot::vspace).cap;
    if (vspace.word0 == 0) [[unlikely]]
        return 0;
    return ttbr0_entry(reinterpret_cast<Entry*>(vspace.address()));
}

inline void load_ttbr0(std::uint64_t value) {
    write_ttbr0(value);
    cpu.ttbr0 = value;
}

// What is rare is a last call, so that the usual way needs no stack.
[[gnu::always_inline]] inline numbat::Tcb* switch_to(numbat::Tcb& next) {
    const std::uint64_t ttbr0 = ttbr0_of(next);
    if (ttbr0 == 0) [[unlikely]]
        return switch_completely(next);
    if (ttbr0 != cpu.ttbr0) load_ttbr0(ttbr0);
    return next.privileges == cpu.privileges ? &next : load_privileges(next);
}

}  // namespace arch

// SPDX-License-Identifier: BSD-2-Clause
// Functions of contract.hpp that are worth having inline. Included by contract.hpp only.
#pragma once

#include "cpu_state.hpp"
#include "kernel_map.hpp"
#include "object/asid.hpp"
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

// Every entry saves TPIDR_EL0 and every exit loads it: the context always holds the truth.
inline void save_user_tls(numbat::Tcb&) {}
inline void load_user_tls(numbat::Tcb&) {}

/// TTBR0_EL1 for a VSpace capability: table in the physical window, ASID in the upper bits. Other
/// capabilities do not get into the VSpace slot; an empty slot gives 0, which is never loaded.
inline std::uint64_t ttbr0_of(numbat::Cap vspace) {
    return base::bits(vspace.word0, 0, physical_window_bits) | vspace.word1 << 48;
}

inline void load_ttbr0(std::uint64_t value) {
    write_ttbr0(value);
    cpu.ttbr0 = value;
}

// What is rare is a last call, so that the usual way needs no stack. The slot holds a VSpace
// capability or nothing, which is a ttbr0 of 0; and the capability may be older than the pool that
// its ASID is from.
[[gnu::always_inline]] inline numbat::Tcb* switch_to(numbat::Tcb& next) {
    const numbat::Cap vspace = next.slot(numbat::TcbSlot::vspace).cap;
    const std::uint64_t ttbr0 = ttbr0_of(vspace);
    if (next.privileges != cpu.privileges) [[unlikely]]
        return switch_completely(next);
    if (ttbr0 == cpu.ttbr0) return &next;
    if (ttbr0 == 0 || reinterpret_cast<std::uint64_t>(numbat::vspace_of(static_cast<numbat::Asid>(
                          vspace.word1))) != vspace.address()) [[unlikely]] {
        return switch_completely(next);
    }
    load_ttbr0(ttbr0);
    return &next;
}

// The idle thread runs in EL1 and touches no memory: any address space will do.
inline void switch_to_idle() {}

}  // namespace arch

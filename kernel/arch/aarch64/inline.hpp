// SPDX-License-Identifier: BSD-2-Clause
// Functions of contract.hpp that are worth having inline. Included by contract.hpp only.
#pragma once

#include "cpu_state.hpp"
#include "kernel_map.hpp"
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

inline void switch_to(numbat::Tcb& next) {
    if (ttbr0_of(next.slot(numbat::TcbSlot::vspace).cap) != cpu.ttbr0) switch_address_space(next);
    // Only the owner of the loaded registers gets at them, and only if its flag allows it.
    const bool may_use_fpu =
        cpu.fpu_owner == &next && (next.flags & abi::tcb_flags::fpu_disabled) == 0;
    if (may_use_fpu != (cpu.fpu == Access::allowed)) [[unlikely]]
        set_fpu_access(may_use_fpu ? Access::allowed : Access::denied);
    if ((next.mcp != 0) != (cpu.timer == Access::allowed)) [[unlikely]]
        set_timer_access(next.mcp != 0 ? Access::allowed : Access::denied);
}

// The idle thread runs in EL1 and touches no memory: any address space will do.
inline void switch_to_idle() {}

}  // namespace arch

// SPDX-License-Identifier: BSD-2-Clause
// System registers and barriers. Each function is one instruction. Writes take effect at the next
// context synchronisation event; the return to user is one, so only code that depends on a write
// while still in the kernel needs an isb.
#pragma once

#include <cstdint>

#define NUMBAT_SYSTEM_REGISTER(name, register)                        \
    inline std::uint64_t read_##name() {                              \
        std::uint64_t value;                                          \
        asm volatile("mrs %0, " register : "=r"(value)::"memory");    \
        return value;                                                 \
    }                                                                 \
    inline void write_##name(std::uint64_t value) {                   \
        asm volatile("msr " register ", %0" ::"r"(value) : "memory"); \
    }

namespace arch {

NUMBAT_SYSTEM_REGISTER(ttbr0, "ttbr0_el1")
NUMBAT_SYSTEM_REGISTER(ttbr1, "ttbr1_el1")
NUMBAT_SYSTEM_REGISTER(cpacr, "cpacr_el1")
NUMBAT_SYSTEM_REGISTER(cntkctl, "cntkctl_el1")
NUMBAT_SYSTEM_REGISTER(cntv_cval, "cntv_cval_el0")
NUMBAT_SYSTEM_REGISTER(cntv_ctl, "cntv_ctl_el0")
NUMBAT_SYSTEM_REGISTER(pmuserenr, "pmuserenr_el0")
NUMBAT_SYSTEM_REGISTER(pmcr, "pmcr_el0")
NUMBAT_SYSTEM_REGISTER(pmcntenset, "pmcntenset_el0")
NUMBAT_SYSTEM_REGISTER(pmccfiltr, "pmccfiltr_el0")

#undef NUMBAT_SYSTEM_REGISTER

inline std::uint64_t read_cntvct() {
    std::uint64_t value;
    asm volatile("mrs %0, cntvct_el0" : "=r"(value));
    return value;
}
inline std::uint64_t read_isr() {
    std::uint64_t value;
    asm volatile("mrs %0, isr_el1" : "=r"(value)::"memory");
    return value;
}

inline void isb() {
    asm volatile("isb" ::: "memory");
}
inline void dsb_sy() {
    asm volatile("dsb sy" ::: "memory");
}
inline void dsb_nsh() {
    asm volatile("dsb nsh" ::: "memory");
}
inline void dsb_nshst() {
    asm volatile("dsb nshst" ::: "memory");
}

}  // namespace arch

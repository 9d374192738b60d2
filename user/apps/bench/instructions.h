// SPDX-License-Identifier: BSD-2-Clause
/*
 * Instructions of this program, of the server and of the kernel, by the processor's event counters,
 * on a machine that counts them (-icount shift=0). The event INST_RETIRED stands still while the
 * machine is idle; the cycle counter does not. Arm ARM, PMEVTYPER<n>_EL0.
 */
#pragma once

#include <stdint.h>

/* Counter 0: all instructions. The lower 32 bits: subtract two of them. */
static inline uint32_t instructions(void) {
    uint64_t now;
    __asm__ volatile("isb\n\tmrs %0, pmevcntr0_el0" : "=r"(now)::"memory");
    return (uint32_t)now;
}

/* Counter 1: those at EL1. */
static inline uint32_t kernel_instructions(void) {
    uint64_t now;
    __asm__ volatile("isb\n\tmrs %0, pmevcntr1_el0" : "=r"(now)::"memory");
    return (uint32_t)now;
}

/* Lets both and the cycle counter run, in case nobody has. */
static inline void start_counters(void) {
    const uint64_t retired = 8, not_at_el0 = 1ul << 30;
    uint64_t control;
    __asm__ volatile("msr pmevtyper0_el0, %0" ::"r"(retired));
    __asm__ volatile("msr pmevtyper1_el0, %0" ::"r"(retired | not_at_el0));
    __asm__ volatile("mrs %0, pmcr_el0" : "=r"(control));
    __asm__ volatile("msr pmcr_el0, %0" ::"r"(control | 1));
    __asm__ volatile("msr pmcntenset_el0, %0" ::"r"(1ul << 31 | 3));
    __asm__ volatile("isb");
}

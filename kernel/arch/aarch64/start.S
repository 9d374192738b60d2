// SPDX-License-Identifier: BSD-2-Clause
// The kernel's first instructions, at its lowest address (sel4-abi 12.3): EL1h, MMU and caches on,
// x0..x5 from the loader, which are the arguments of boot_main.

#define SCTLR_M         (1 << 0)
#define SCTLR_A         (1 << 1)
#define SCTLR_C         (1 << 2)
#define SCTLR_SA0       (1 << 4)
#define SCTLR_I         (1 << 12)
#define SCTLR_UCT       (1 << 15)       // EL0 may read CTR_EL0
#define SCTLR_E0E       (1 << 24)
#define SCTLR_EE        (1 << 25)
#define SCTLR_UCI       (1 << 26)       // EL0 may do cache maintenance by address

        .section .start, "ax"
        .global _start
_start:
        msr     daifset, #0xf
        msr     spsel, #1
        mrs     x6, sctlr_el1
        ldr     x7, =(SCTLR_M | SCTLR_C | SCTLR_I | SCTLR_UCT | SCTLR_UCI)
        orr     x6, x6, x7
        ldr     x7, =(SCTLR_A | SCTLR_SA0 | SCTLR_E0E | SCTLR_EE)
        bic     x6, x6, x7
        msr     sctlr_el1, x6
        adrp    x6, vectors
        add     x6, x6, :lo12:vectors
        msr     vbar_el1, x6
        isb
        adrp    x6, kernel_stack_end
        add     sp, x6, :lo12:kernel_stack_end
        mov     x29, xzr
        adrp    x30, return_to_thread
        add     x30, x30, :lo12:return_to_thread
        b       boot_main

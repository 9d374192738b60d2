// SPDX-License-Identifier: BSD-2-Clause
// The first instructions, and the last: entry as an arm64 Image (Linux boot protocol: MMU off, x0 =
// physical address of the device tree, EL2 or EL1), and the jump into the kernel.

#define TEXT_OFFSET     0x08000000      // loader_base in image.ld minus the start of RAM
#define IMAGE_FLAGS     0x2             // little endian, 4 KiB pages, near the start of RAM

// What SCTLR_EL1 resets to on the cores we know, which is RES1 for the others: MMU and caches off,
// WFI and WFE of EL0 not trapped, DC ZVA of EL0 trapped.
#define SCTLR_RESET     0x30d50838
#define SCTLR_MMU       0x00001005      // M, C, I

        .section .head, "ax"
        .global _start
_start:
        b       entry
        .word   0
        .quad   TEXT_OFFSET
        .global loader_image_size
loader_image_size:
        .quad   0                       // set when the archive is packed
        .quad   IMAGE_FLAGS
        .quad   0, 0, 0
        .ascii  "ARM\x64"
        .word   0
// Behind the header: where the packer tells the size of the archive.
        .ascii  "SOSBOOT1"
        .global loader_archive_size
loader_archive_size:
        .quad   0
        .quad   loader_archive - _start

        .text
entry:
        msr     daifset, #0xf
        mov     x19, x0
        mrs     x0, CurrentEL
        cmp     x0, #(2 << 2)
        b.ne    at_el1

        // EL2: give EL1 everything it would have without us, and go there.
        mov     x0, #(1 << 31)          // RW: EL1 is AArch64
        msr     hcr_el2, x0
        mov     x0, #3                  // EL1 and EL0 may use the physical counter and timer
        msr     cnthctl_el2, x0
        msr     cntvoff_el2, xzr
        mov     x0, #0x33ff             // FP and SIMD are not trapped
        msr     cptr_el2, x0
        msr     hstr_el2, xzr
        mrs     x0, pmcr_el0            // all event counters belong to EL1
        ubfx    x0, x0, #11, #5
        msr     mdcr_el2, x0
        mrs     x0, midr_el1
        msr     vpidr_el2, x0
        mrs     x0, mpidr_el1
        msr     vmpidr_el2, x0
        msr     vttbr_el2, xzr
        mov     x0, #0x3c5              // EL1h, all interrupts masked
        msr     spsr_el2, x0
        adr     x0, at_el1
        msr     elr_el2, x0
        isb
        eret

at_el1:
        ldr     x0, =SCTLR_RESET
        msr     sctlr_el1, x0
        adr     x0, vectors
        msr     vbar_el1, x0
        isb
        adrp    x0, stack_end
        add     x0, x0, :lo12:stack_end
        mov     sp, x0
        mov     x0, x19
        adr     x1, _start
        bl      loader_main
1:      wfe
        b       1b

// enter_kernel(low table, high table, TCR, kernel entry, the six arguments of the kernel)
        .global enter_kernel
enter_kernel:
        mov     x19, x3
        mov     x20, x4
        ldr     x5, =0x0000aaff440c0400 // MAIR: nGnRnE, nGnRE, GRE, NC, WB, WT
        msr     mair_el1, x5
        msr     tcr_el1, x2
        msr     ttbr0_el1, x0
        msr     ttbr1_el1, x1
        dsb     sy                      // the tables are in memory before the walker looks
        isb
        tlbi    vmalle1
        ic      iallu                   // the kernel was written as data
        dsb     sy
        isb
        mrs     x5, sctlr_el1
        mov     x6, #SCTLR_MMU
        orr     x5, x5, x6
        msr     sctlr_el1, x5
        isb
        ldp     x0, x1, [x20]
        ldp     x2, x3, [x20, #16]
        ldp     x4, x5, [x20, #32]
        br      x19

        .macro  report
        .balign 0x80
        b       unexpected
        .endm

        .balign 0x800
vectors:
        .rept   16
        report
        .endr

unexpected:
        adrp    x0, stack_end
        add     x0, x0, :lo12:stack_end
        mov     sp, x0
        mrs     x0, esr_el1
        mrs     x1, elr_el1
        mrs     x2, far_el1
        b       loader_exception

        .bss
        .balign 16
        .space  0x4000
stack_end:

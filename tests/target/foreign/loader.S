// SPDX-License-Identifier: BSD-2-Clause
// A loader that is not ours and gives the kernel no more than the contract (sel4-abi 12.2, 12.3):
// the upper half shows the kernel's image alone, the lower half this loader; no UART, and a device
// tree only if asked. run.py puts the files in place and says where they are.

#define BLOCK           (1 << 21)
#define NORMAL_BLOCK    0x411           // valid, attribute 4, access flag, non-shareable
#define TABLE           3

// Words at `parameters`.
#define KERNEL_FILE     0
#define KERNEL_SIZE     8
#define KERNEL_RANGE    16              // bytes in memory, from KERNEL_START
#define TREE            24              // where the machine has left it
#define ARGUMENTS       32              // x0 .. x5 of the kernel
#define KERNEL_ENTRY    80

#define KERNEL_START    0x40000000
#define PARAMETERS      0x60100000

        .section .text
        .global _start
_start:
        mov     x19, #PARAMETERS
        // The tree lies where the kernel goes: first things first.
        ldr     x0, [x19, #ARGUMENTS + 32]
        cbz     x0, no_tree
        ldr     x1, [x19, #TREE]
        ldr     x2, [x19, #ARGUMENTS + 40]
        bl      copy
no_tree:
        mov     x0, #KERNEL_START
        ldr     x1, [x19, #KERNEL_FILE]
        ldr     x2, [x19, #KERNEL_SIZE]
        bl      copy
        // x0 = end of the file's part
        mov     x1, #KERNEL_START
        ldr     x2, [x19, #KERNEL_RANGE]
        add     x1, x1, x2
clear:  cmp     x0, x1
        b.hs    cleared
        strb    wzr, [x0], #1
        b       clear
cleared:
        // Lower half: one block with this code.
        adrp    x0, low_0
        adrp    x1, low_1
        adrp    x2, low_2
        orr     x3, x1, #TABLE
        str     x3, [x0]
        orr     x3, x2, #TABLE
        str     x3, [x1, #8]                    // the second GiB
        mov     x4, #0x60000000
        mov     x3, #NORMAL_BLOCK
        orr     x3, x3, x4
        str     x3, [x2, #(0x20000000 / BLOCK) * 8]
        msr     ttbr0_el1, x0
        // Upper half: the blocks of the image.
        adrp    x0, high_0
        adrp    x1, high_1
        adrp    x2, high_2
        orr     x3, x1, #TABLE
        str     x3, [x0, #511 * 8]
        orr     x3, x2, #TABLE
        str     x3, [x1, #511 * 8]
        msr     ttbr1_el1, x0
        mov     x4, #KERNEL_START
        ldr     x5, [x19, #KERNEL_RANGE]
        add     x5, x5, x4
map:    mov     x3, #NORMAL_BLOCK
        orr     x3, x3, x4
        str     x3, [x2], #8
        add     x4, x4, #BLOCK
        cmp     x4, x5
        b.lo    map

        ldr     x0, =0xaaff440c0400             // attributes 0 .. 5
        msr     mair_el1, x0
        mrs     x0, id_aa64mmfr0_el1
        and     x0, x0, #0xf
        lsl     x0, x0, #32                     // IPS
        ldr     x1, =((16 << 0) | (16 << 16) | (2 << 30) | (5 << 8) | (5 << 24) | (1 << 36))
        orr     x0, x0, x1
        msr     tcr_el1, x0
        tlbi    vmalle1
        dsb     sy
        isb
        mrs     x0, sctlr_el1
        mov     x1, #0x1005                     // I, C, M
        orr     x0, x0, x1
        msr     sctlr_el1, x0
        isb
        ldr     x20, [x19, #KERNEL_ENTRY]
        ldp     x0, x1, [x19, #ARGUMENTS]
        ldp     x2, x3, [x19, #ARGUMENTS + 16]
        ldp     x4, x5, [x19, #ARGUMENTS + 32]
        br      x20

// x0 to, x1 from, x2 bytes; leaves x0 behind the last.
copy:   cbz     x2, copied
        ldrb    w3, [x1], #1
        strb    w3, [x0], #1
        sub     x2, x2, #1
        b       copy
copied: ret

        .bss
        .balign 4096
low_0:  .skip   4096
low_1:  .skip   4096
low_2:  .skip   4096
high_0: .skip   4096
high_1: .skip   4096
high_2: .skip   4096

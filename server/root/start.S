// SPDX-License-Identifier: BSD-2-Clause
// Entry of the root task: x0 = BootInfo, no stack yet. The lowest page of the stack is taken out of
// the address space by sos_main, so that an overflow faults.
    .section .text.start, "ax"
    .global _start
    .type _start, %function
_start:
    adrp    x1, sos_boot_stack_top
    add     x1, x1, :lo12:sos_boot_stack_top
    mov     sp, x1
    mov     x29, xzr
    mov     x30, xzr
    bl      sos_main
    brk     #0
    .size _start, . - _start

    .section .bss.boot_stack, "aw", %nobits
    .balign 4096
    .global sos_boot_stack
sos_boot_stack:
    .skip 9 * 4096
sos_boot_stack_top:
    .global sos_boot_stack_top

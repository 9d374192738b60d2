// SPDX-License-Identifier: BSD-2-Clause
// Entry of the test program (x0 = BootInfo) and of its threads (x0 = the thread's record, stack and
// thread pointer already set).
    .section .text.start, "ax"
    .global _start
_start:
    adrp    x1, boot_stack_top
    add     x1, x1, :lo12:boot_stack_top
    mov     sp, x1
    adrp    x1, boot_tls
    add     x1, x1, :lo12:boot_tls
    msr     tpidr_el0, x1
    mov     x29, xzr
    mov     x30, xzr
    bl      test_main
    brk     #0

    .global thread_start
thread_start:
    mov     x29, xzr
    mov     x30, xzr
    bl      thread_main
    brk     #0

    .section .bss.boot, "aw", %nobits
    .balign 64
boot_tls:
    .skip 64
    .balign 16
    .skip 32768
boot_stack_top:

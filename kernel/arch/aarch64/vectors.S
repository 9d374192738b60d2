// SPDX-License-Identifier: BSD-2-Clause
// Exception vectors. While a thread runs at EL0 (and while the idle thread waits in EL1), SP_EL1 is
// the address of its Context, which is the address of its Tcb; so an entry stores registers without
// needing one. The kernel's stack is empty at each entry and loaded as a constant.
//
// The system call entry fits into its slot of 32 instructions and leaves x0..x7 as they are: they
// are the arguments of kernel_syscall.

#define CONTEXT_SP      240             // with x30
#define CONTEXT_PC      256             // with SPSR
#define CONTEXT_RESTART 272             // with TPIDR_EL0
#define CONTEXT_TPIDR   280             // with TPIDRRO_EL0

#define EC_FP           0x07
#define EC_SVC          0x15
#define EC_REGISTER     0x18
#define EC_INSTRUCTION  0x20
#define EC_DATA         0x24

        .macro  save_registers
        stp     x0, x1, [sp, #0]
        stp     x2, x3, [sp, #16]
        stp     x4, x5, [sp, #32]
        stp     x6, x7, [sp, #48]
        stp     x8, x9, [sp, #64]
        stp     x10, x11, [sp, #80]
        stp     x12, x13, [sp, #96]
        stp     x14, x15, [sp, #112]
        stp     x16, x17, [sp, #128]
        stp     x18, x19, [sp, #144]
        stp     x20, x21, [sp, #160]
        stp     x22, x23, [sp, #176]
        stp     x24, x25, [sp, #192]
        stp     x26, x27, [sp, #208]
        stp     x28, x29, [sp, #224]
        mrs     x10, sp_el0
        stp     x30, x10, [sp, #CONTEXT_SP]
        mrs     x11, elr_el1
        mrs     x12, spsr_el1
        stp     x11, x12, [sp, #CONTEXT_PC]
        mrs     x13, tpidr_el0
        .endm

// After save_registers. x11 is where the thread goes on if it is restarted.
        .macro  finish_save scratch
        stp     x11, x13, [sp, #CONTEXT_RESTART]
        adrp    \scratch, kernel_stack_end
        add     sp, \scratch, :lo12:kernel_stack_end
        .endm

        .macro  halting_vector kind
        .balign 0x80
        mov     x0, #\kind
        b       fatal_exception
        .endm

        .text
        .balign 0x800
        .global vectors
vectors:
        // EL1 with SP_EL0: not used.
        halting_vector 0
        halting_vector 1
        halting_vector 2
        halting_vector 3
        // EL1 with SP_EL1: the kernel has a fault of its own, or an interrupt ends idling.
        halting_vector 4
        .balign 0x80
        b       interrupt
        halting_vector 6
        halting_vector 7

        // EL0, AArch64, synchronous
        .balign 0x80
        save_registers
        mrs     x9, esr_el1
        lsr     x14, x9, #26
        cmp     x14, #EC_SVC
        b.ne    fault
        sub     x11, x11, #4
        finish_save x14
        adr     x30, return_to_thread
        b       kernel_syscall

        .balign 0x80
        b       interrupt
        halting_vector 10
        halting_vector 11
        // EL0, AArch32: cannot happen, no thread gets such an SPSR.
        halting_vector 12
        halting_vector 13
        halting_vector 14
        halting_vector 15

interrupt:
        save_registers
        finish_save x14
        bl      kernel_irq

        // return_to_thread(Tcb*): its context goes into the registers.
        .global return_to_thread
return_to_thread:
        mov     sp, x0
        ldp     x11, x12, [sp, #CONTEXT_PC]
        ldp     x13, x14, [sp, #CONTEXT_TPIDR]
        ldp     x30, x10, [sp, #CONTEXT_SP]
        msr     elr_el1, x11
        msr     spsr_el1, x12
        msr     tpidr_el0, x13
        msr     tpidrro_el0, x14
        msr     sp_el0, x10
        ldp     x2, x3, [sp, #16]
        ldp     x4, x5, [sp, #32]
        ldp     x6, x7, [sp, #48]
        ldp     x8, x9, [sp, #64]
        ldp     x10, x11, [sp, #80]
        ldp     x12, x13, [sp, #96]
        ldp     x14, x15, [sp, #112]
        ldp     x16, x17, [sp, #128]
        ldp     x18, x19, [sp, #144]
        ldp     x20, x21, [sp, #160]
        ldp     x22, x23, [sp, #176]
        ldp     x24, x25, [sp, #192]
        ldp     x26, x27, [sp, #208]
        ldp     x28, x29, [sp, #224]
        ldp     x0, x1, [sp, #0]
        eret

        // x9 = ESR, x14 = exception class, registers saved up to TPIDR_EL0.
fault:
        mov     x0, sp
        finish_save x10
        adr     x30, return_to_thread
        cmp     x14, #EC_DATA
        b.eq    data_abort
        cmp     x14, #EC_INSTRUCTION
        b.eq    instruction_abort
        mov     w1, w9
        cmp     x14, #EC_FP
        b.eq    handle_fpu_trap         // (Tcb*, ESR)
        cmp     x14, #EC_REGISTER
        b.eq    handle_register_trap    // (Tcb*, ESR)
        mov     x0, x1
        b       kernel_user_exception   // (ESR)
data_abort:
        mrs     x0, far_el1
        mov     w1, w9
        mov     w2, #0
        b       kernel_vm_fault         // (address, ESR, instruction)
instruction_abort:
        mov     x0, x11
        mov     w1, w9
        mov     w2, #1
        b       kernel_vm_fault

        // x0 = number of the vector. The registers of the interrupted code are lost, not its SP.
fatal_exception:
        mov     x4, sp
        adrp    x14, kernel_stack_end
        add     sp, x14, :lo12:kernel_stack_end
        mrs     x1, esr_el1
        mrs     x2, elr_el1
        mrs     x3, far_el1
        b       handle_fatal_exception  // (vector, ESR, ELR, FAR, SP)

        // Where the idle thread runs: EL1, interrupts on, SP is its context.
        .global idle_loop
idle_loop:
        wfi
        b       idle_loop

        .bss
        .balign 16
        .space  0x4000
        .global kernel_stack_end
kernel_stack_end:

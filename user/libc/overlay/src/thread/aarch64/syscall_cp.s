// SPDX-License-Identifier: BSD-2-Clause
// __syscall_cp_asm(&self->cancel, number, a, b, c, d, e, f): a system call that is a cancellation
// point: it calls __cancel instead when cancellation is already requested.
.global __cp_begin
.hidden __cp_begin
.global __cp_end
.hidden __cp_end
.global __cp_cancel
.hidden __cp_cancel
.hidden __cancel
.global __syscall_cp_asm
.hidden __syscall_cp_asm
.type __syscall_cp_asm,%function
__syscall_cp_asm:
__cp_begin:
	ldr w0, [x0]
	cbnz w0, __cp_cancel
	adrp x16, __sos_systable
	ldr x16, [x16, :lo12:__sos_systable]
	mov x8, x1                      // the number comes last
	mov x0, x2
	mov x1, x3
	mov x2, x4
	mov x3, x5
	mov x4, x6
	mov x5, x7
	mov x6, x8
	br x16                          // returns to our caller
__cp_end:
	ret
__cp_cancel:
	b __cancel

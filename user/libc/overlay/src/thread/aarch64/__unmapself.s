// SPDX-License-Identifier: BSD-2-Clause
// __unmapself(base, size): the end of a detached thread, which no program has (see clone.s).
// It ends the program without unmapping the stack that it runs on; SOS frees that.
.global __unmapself
.hidden __unmapself
.type   __unmapself,%function
__unmapself:
	adrp x16, __sos_systable
	ldr x16, [x16, :lo12:__sos_systable]
	mov x0, #0
	mov x6, #94                     // SYS_exit_group
	blr x16
	brk #1                          // does not return

// SPDX-License-Identifier: BSD-2-Clause
// The address that a signal handler would return to. SOS delivers no signals to programs.
.global __restore
.hidden __restore
.type __restore,%function
__restore:
.global __restore_rt
.hidden __restore_rt
.type __restore_rt,%function
__restore_rt:
	brk #1

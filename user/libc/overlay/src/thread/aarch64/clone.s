// SPDX-License-Identifier: BSD-2-Clause
// __clone(function, stack, flags, argument, ptid, tls, ctid) -> -ENOSYS
// A SOS program has one thread, and a process is created by spawning, not by forking.
.global __clone
.hidden __clone
.type   __clone,%function
__clone:
	mov x0, #-38
	ret

// SPDX-License-Identifier: BSD-2-Clause
// What libnfs and musl's functions find instead of an operating system, in the file server's
// thread: memory from one bounded heap, the time, and the log for what they print. Nobody else may
// use libc. There are no system calls below it: the table refuses them all.
#pragma once

#include <setjmp.h>

#include <cstdint>
#include <span>

namespace sos::fs {

/// Called in the file server's thread, before anything else there uses libc.
void start_libc(std::span<std::byte> heap, std::uint64_t (*now_us)(), std::uint64_t random_seed);

/// Where to go on when libnfs finds that it can not (it asserts on malformed replies in places).
/// Everything of libc's heap is to be given up then. Null: such a thing ends SOS.
void set_recovery(jmp_buf* recovery);

void reset_libc_heap();

}  // namespace sos::fs

// SPDX-License-Identifier: BSD-2-Clause
// What libnfs and musl's functions find instead of an operating system, in the file server's
// thread: memory from one bounded heap, the time, and the log for what they print. Nobody else may
// use libc. There are no system calls below it: the table refuses them all.
#pragma once

#include <setjmp.h>

#include <cstdint>
#include <span>

namespace sos::fs {

/// libnfs is used twice, for files and for paging, each with memory of its own: what the one does
/// with its memory must not matter to the other.
enum class Arena : std::uint8_t { files, pager };

/// Called in the file server's thread, before anything else there uses libc.
void start_libc(std::span<std::byte> files, std::span<std::byte> pager, std::uint64_t (*now_us)(),
                std::uint64_t random_seed);

/// Where memory comes from and goes to from now on.
void use_arena(Arena arena);

/// Where to go on when libnfs finds that it can not (it asserts on malformed replies in places).
/// Everything in the arena in use is to be given up then. Null: such a thing ends SOS.
void set_recovery(jmp_buf* recovery);

/// Forgets everything in the arena in use.
void reset_arena();

}  // namespace sos::fs

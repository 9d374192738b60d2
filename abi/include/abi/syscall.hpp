// SPDX-License-Identifier: BSD-2-Clause
// Kernel system call numbers: the signed 64-bit value of x7 at `svc` (seL4 16 MCS numbering).
#pragma once

#include <cstdint>

namespace abi {

enum class Syscall : std::int64_t {
    call = -1,
    reply_recv = -2,
    nb_send_recv = -3,
    nb_send_wait = -4,
    send = -5,
    nb_send = -6,
    recv = -7,
    nb_recv = -8,
    wait = -9,
    nb_wait = -10,
    yield = -11,
    debug_put_char = -12,
    debug_dump_scheduler = -13,
    debug_halt = -14,
    debug_cap_identify = -15,
    debug_snapshot = -16,
    debug_name_thread = -17,
};

inline constexpr std::int64_t first_api_syscall = -11;
inline constexpr std::int64_t last_api_syscall = -1;
inline constexpr std::int64_t first_debug_syscall = -17;

/// Ours: DebugSnapshot with this word in x0 and n in x1 makes a debug build of the kernel check its
/// own invariants at each n-th exit (0: never); x0 becomes 0. Release builds change nothing.
inline constexpr std::uint64_t check_request = 0x636b'6e75'6d62'6174;

}  // namespace abi

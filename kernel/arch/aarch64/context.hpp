// SPDX-License-Identifier: BSD-2-Clause
// What a user thread has in the processor: the 37 words that trap entry saves and exit restores,
// and the floating-point state, which is switched lazily (fpu.hpp).
//
// The layout is shared with vectors.S, which addresses it from SP: while a thread runs at EL0,
// SP_EL1 points at the Context of that thread, so an entry needs no register before it can save.
// Hence a Context must be 16-byte aligned. Offsets are pinned by the asserts below.
#pragma once

#include <cstddef>
#include <cstdint>

namespace arch {

inline constexpr unsigned general_register_count = 31;

struct alignas(16) Context {
    std::uint64_t x[general_register_count];
    std::uint64_t sp;          // SP_EL0
    std::uint64_t pc;          // where the thread goes on: ELR_EL1
    std::uint64_t spsr;        // SPSR_EL1
    std::uint64_t restart_pc;  // the instruction itself: the svc, or the one that faulted
    std::uint64_t tpidr;       // TPIDR_EL0, EL0 may write it at any time
    std::uint64_t tpidrro;     // TPIDRRO_EL0, only the kernel writes it
};

// Registers by their role in the system call convention.
inline constexpr unsigned cap_register = 0;            // in: CPtr; out: badge
inline constexpr unsigned info_register = 1;           // message info
inline constexpr unsigned first_message_register = 2;  // MR0..MR3 are x2..x5
inline constexpr unsigned reply_register = 6;
inline constexpr unsigned syscall_register = 7;
inline constexpr unsigned send_dest_register = 8;  // NBSendRecv

// SPSR of user threads: EL0t, AArch64, FIQ masked, IRQ on. SError stays masked in release builds.
inline constexpr std::uint64_t user_flags_mask = 0xf000'0000;  // NZCV, all that users may choose
#ifdef NDEBUG
inline constexpr std::uint64_t initial_spsr = 0x140;
#else
inline constexpr std::uint64_t initial_spsr = 0x40;
#endif

constexpr std::uint64_t sanitise_spsr(std::uint64_t value) {
    return (value & user_flags_mask) | initial_spsr;
}

static_assert(offsetof(Context, sp) == 248 && offsetof(Context, pc) == 256 &&
              offsetof(Context, spsr) == 264 && offsetof(Context, restart_pc) == 272 &&
              offsetof(Context, tpidr) == 280 && offsetof(Context, tpidrro) == 288);
static_assert(sizeof(Context) == 304);

/// FP and SIMD registers of one thread. All zero is the initial state.
struct alignas(16) FpuState {
    std::uint64_t v[32][2];
    std::uint64_t fpsr;
    std::uint64_t fpcr;
};
static_assert(sizeof(FpuState) == 528);

}  // namespace arch

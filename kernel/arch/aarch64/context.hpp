// SPDX-License-Identifier: BSD-2-Clause
// What a user thread has in the processor: the 37 words that trap entry saves and exit restores,
// and the floating-point state, which is switched lazily (privileges.cpp).
//
// The layout is shared with vectors.S, which addresses it from SP: while a thread runs at EL0,
// SP_EL1 points at the Context of that thread, so an entry needs no register before it can save.
// Hence a Context is 16-byte aligned, and the first member of every Tcb. Offsets are pinned below.
#pragma once

#include <cstddef>
#include <cstdint>

namespace arch {

struct alignas(16) Context {
    std::uint64_t x[31];
    std::uint64_t sp;          // SP_EL0
    std::uint64_t next_pc;     // where the thread goes on: ELR_EL1
    std::uint64_t spsr;        // SPSR_EL1
    std::uint64_t restart_pc;  // of a system call its `svc`, else as next_pc
    std::uint64_t tpidr;       // TPIDR_EL0, EL0 may write it at any time
    std::uint64_t tpidrro;     // TPIDRRO_EL0, only the kernel writes it

    // MR0..MR3 travel in x2..x5.
    std::uint64_t mr(unsigned index) const { return x[2 + index]; }
    void set_mr(unsigned index, std::uint64_t value) { x[2 + index] = value; }

    /// All of it as one array, and where the registers behind x30 are in that.
    enum Place : std::uint8_t {
        sp_at = 31,
        next_pc_at,
        spsr_at,
        restart_pc_at,
        tpidr_at,
        tpidrro_at
    };
    std::uint64_t* words() { return reinterpret_cast<std::uint64_t*>(this); }
    const std::uint64_t* words() const { return reinterpret_cast<const std::uint64_t*>(this); }
};

static_assert(offsetof(Context, sp) == 248 && offsetof(Context, next_pc) == 256 &&
              offsetof(Context, spsr) == 264 && offsetof(Context, restart_pc) == 272 &&
              offsetof(Context, tpidr) == 280 && offsetof(Context, tpidrro) == 288);
static_assert(sizeof(Context) == 304);

// SPSR of user threads: EL0t, AArch64, FIQ masked, IRQ on. SError stays masked in release builds.
inline constexpr std::uint64_t user_flags_mask = 0xf000'0000;  // NZCV, all that users may choose
#ifdef NDEBUG
inline constexpr std::uint64_t initial_spsr = 0x140;
#else
inline constexpr std::uint64_t initial_spsr = 0x40;
#endif

/// FP and SIMD registers of one thread, as fpu.S stores them. All zero is the initial state.
struct alignas(16) FpuState {
    std::uint64_t registers[64];
    std::uint64_t fpsr;
    std::uint64_t fpcr;
};
static_assert(sizeof(FpuState) == 528);

}  // namespace arch

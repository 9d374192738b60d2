// SPDX-License-Identifier: BSD-2-Clause
// The register context of a thread on the host, for tests of the kernel's core.
#pragma once

#include <cstddef>
#include <cstdint>

namespace arch {

struct Context {
    std::uint64_t x[31];
    std::uint64_t sp;
    std::uint64_t next_pc;
    std::uint64_t spsr;
    std::uint64_t restart_pc;
    std::uint64_t tpidr;
    std::uint64_t tpidrro;
    std::uint64_t reserved;

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

struct alignas(16) FpuState {
    std::uint64_t registers[66];
};

}  // namespace arch

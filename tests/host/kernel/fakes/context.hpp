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
};

struct alignas(16) FpuState {
    std::uint64_t registers[66];
};

}  // namespace arch

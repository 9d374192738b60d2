// SPDX-License-Identifier: BSD-2-Clause
// The register context of a thread. It is the first member of every Tcb, and the exception vectors
// store to it by offset.
#pragma once

#include <cstddef>
#include <cstdint>

namespace arch {

struct Context {
    std::uint64_t x[31];
    std::uint64_t sp;
    std::uint64_t next_pc;  // where the thread continues
    std::uint64_t spsr;
    std::uint64_t restart_pc;  // of a system call its `svc`, else as next_pc
    std::uint64_t tpidr;
    std::uint64_t tpidrro;
    std::uint64_t reserved;

    std::uint64_t mr(unsigned index) const { return x[2 + index]; }
    void set_mr(unsigned index, std::uint64_t value) { x[2 + index] = value; }
};
static_assert(sizeof(Context) == 304);

struct alignas(16) FpuState {
    std::uint64_t registers[64];
    std::uint64_t fpcr;
    std::uint64_t fpsr;
};

}  // namespace arch

// SPDX-License-Identifier: BSD-2-Clause
// FP registers are switched when a thread that does not own them first uses them: the trap saves
// the owner's and loads its own. Invariant: EL0 has access only while the owner runs and its
// fpu_disabled flag is clear.
#include "arch/contract.hpp"

extern "C" {
void fpu_save(arch::FpuState* state);
void fpu_load(const arch::FpuState* state);
numbat::Tcb* handle_fpu_trap(numbat::Tcb* thread, std::uint64_t syndrome);
}

namespace arch {
namespace {

bool fpu_disabled(const numbat::Tcb& thread) {
    return (thread.flags & abi::tcb_flags::fpu_disabled) != 0;
}

}  // namespace

void fpu_flags_changed(numbat::Tcb& thread) {
    // Only the owner has access, and only while it runs: if it is another one, switching to it
    // will look at the flag, and a trap will if it is no owner yet.
    if (cpu.fpu_owner != &thread) return;
    if (fpu_disabled(thread)) {
        if (cpu.fpu == Access::allowed) set_fpu_access(Access::denied);
    }
    // The flag going away needs nothing: the next use traps, and finds the registers loaded.
}

void fpu_release(numbat::Tcb& thread) {
    if (cpu.fpu_owner != &thread) return;
    cpu.fpu_owner = nullptr;
    if (cpu.fpu == Access::allowed) set_fpu_access(Access::denied);
}

}  // namespace arch

numbat::Tcb* handle_fpu_trap(numbat::Tcb* thread, std::uint64_t syndrome) {
    using namespace arch;
    if (fpu_disabled(*thread)) return kernel_user_exception(syndrome);
    set_fpu_access(Access::allowed);
    if (cpu.fpu_owner == thread) return thread;
    // CPACR_EL1 never traps EL1, so the registers can be used at once.
    if (cpu.fpu_owner != nullptr) fpu_save(&cpu.fpu_owner->fpu);
    fpu_load(&thread->fpu);
    cpu.fpu_owner = thread;
    return thread;
}

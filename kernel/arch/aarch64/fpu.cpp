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

constexpr std::uint8_t without_fpu = static_cast<std::uint8_t>(~privilege::fpu);

/// Only the owner has this privilege: if the processor grants it now, the owner is running (or was,
/// before idling).
void deny(numbat::Tcb& thread) {
    if ((thread.privileges & privilege::fpu) == 0) return;
    thread.privileges &= without_fpu;
    set_privileges(cpu.privileges & without_fpu);
}

}  // namespace

void fpu_flags_changed(numbat::Tcb& thread) {
    // The flag going away needs nothing: the next use traps, and finds the registers loaded.
    if (fpu_disabled(thread)) deny(thread);
}

void fpu_release(numbat::Tcb& thread) {
    if (cpu.fpu_owner != &thread) return;
    cpu.fpu_owner = nullptr;
    deny(thread);
}

}  // namespace arch

numbat::Tcb* handle_fpu_trap(numbat::Tcb* thread, std::uint64_t syndrome) {
    using namespace arch;
    if (fpu_disabled(*thread)) return kernel_user_exception(syndrome);
    numbat::Tcb* const owner = cpu.fpu_owner;
    if (owner != nullptr && owner != thread) owner->privileges &= without_fpu;
    thread->privileges |= privilege::fpu;
    set_privileges(thread->privileges);
    if (owner == thread) return thread;
    // CPACR_EL1 never traps EL1, so the registers can be used at once.
    if (owner != nullptr) fpu_save(&owner->fpu);
    fpu_load(&thread->fpu);
    cpu.fpu_owner = thread;
    return thread;
}

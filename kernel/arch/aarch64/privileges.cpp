// SPDX-License-Identifier: BSD-2-Clause
// What EL0 gets at its first use, by a trap: FP registers, and the timer's (CNTP_*). Each has one
// owner, who used it last, so that switches between others need not look at it. Invariant: EL0 has
// access only while the owner runs and may have it.
#include "arch/contract.hpp"

extern "C" void fpu_save(arch::FpuState* state);
extern "C" void fpu_load(const arch::FpuState* state);

namespace arch {
namespace {

bool fpu_disabled(const numbat::Tcb& thread) {
    return (thread.flags & abi::tcb_flags::fpu_disabled) != 0;
}

/// Of a trapped register access: op0, op1, CRn, CRm. Those of CNTP_CTL, CNTP_CVAL and CNTP_TVAL.
constexpr std::uint64_t register_group = 0x31fc1e;
constexpr std::uint64_t timer_registers = 3 << 20 | 3 << 14 | 14 << 10 | 2 << 1;

/// If the processor grants the privilege now, the owner is running (or was, before idling).
void deny(numbat::Tcb& owner, std::uint8_t privilege) {
    const bool running = (owner.privileges & cpu.privileges & privilege) != 0;
    owner.privileges &= static_cast<std::uint8_t>(~privilege);
    if (running) load_privileges(owner);
}

/// Returns the owner before.
numbat::Tcb* grant(numbat::Tcb& thread, std::uint8_t privilege, numbat::Tcb*& owner) {
    if (owner != nullptr) owner->privileges &= static_cast<std::uint8_t>(~privilege);
    thread.privileges |= privilege;
    load_privileges(thread);
    return std::exchange(owner, &thread);
}

}  // namespace

void fpu_flags_changed(numbat::Tcb& thread) {
    // The flag going away needs nothing: the next use traps, and finds the registers loaded.
    if (fpu_disabled(thread)) deny(thread, privilege::fpu);
}

void mcp_changed(numbat::Tcb& thread) {
    if (thread.mcp == 0) deny(thread, privilege::timer);
}

void forget_owner(numbat::Tcb& thread) {
    deny(thread, privilege::fpu | privilege::timer);
    if (cpu.fpu_owner == &thread) cpu.fpu_owner = nullptr;
    if (cpu.timer_owner == &thread) cpu.timer_owner = nullptr;
}

}  // namespace arch

using namespace arch;

extern "C" numbat::Tcb* handle_fpu_trap(numbat::Tcb* thread, std::uint64_t syndrome) {
    if (fpu_disabled(*thread)) return kernel_user_exception(syndrome);
    numbat::Tcb* const before = grant(*thread, privilege::fpu, cpu.fpu_owner);
    if (before == thread) return thread;
    // CPACR_EL1 never traps EL1, so the registers can be used at once.
    if (before != nullptr) fpu_save(&before->fpu);
    fpu_load(&thread->fpu);
    return thread;
}

extern "C" numbat::Tcb* handle_register_trap(numbat::Tcb* thread, std::uint64_t syndrome) {
    if (thread->mcp == 0 || (syndrome & register_group) != timer_registers) {
        return kernel_user_exception(syndrome);
    }
    grant(*thread, privilege::timer, cpu.timer_owner);
    return thread;
}

// SPDX-License-Identifier: BSD-2-Clause
// What the registers that differ between threads hold at the moment, so that a switch writes only
// those that change: a write costs more than the comparison, above all TTBR0 (an emulated TLB is
// flushed) and CPACR. One core, hence one CpuState. And how the user half of the address space is
// changed.
#pragma once

#include <cstdint>

#include "cap/cap.hpp"
#include "deadline.hpp"

namespace arch {

/// Bits of Tcb::privileges and CpuState::privileges: what EL0 may use without a trap.
namespace privilege {
inline constexpr std::uint8_t fpu = 1;    // the thread owns the loaded registers and may use them
inline constexpr std::uint8_t timer = 2;  // the CNTP_* registers
}  // namespace privilege

struct CpuState {
    std::uint64_t ttbr0 = 0;
    /// Whose FP registers are loaded; they may be newer than its FpuState. Null: nobody's.
    numbat::Tcb* fpu_owner = nullptr;
    /// Who used the timer's registers last: only that thread has the privilege. May be null.
    numbat::Tcb* timer_owner = nullptr;
    std::uint8_t privileges = 0;  // those of the running thread
    Deadline deadline;            // of the kernel's timer
};

extern constinit CpuState cpu;

void enter_empty_address_space();
/// Loads the empty space if TTBR0 holds `ttbr0`. For address spaces and ASIDs that go away.
void leave_address_space(std::uint64_t ttbr0);
/// Writes CPACR_EL1 and CNTKCTL_EL1 for the thread, which runs; returns it.
numbat::Tcb* load_privileges(numbat::Tcb& thread);
/// All of switch_to(), from the beginning.
numbat::Tcb* switch_completely(numbat::Tcb& next);

/// Makes a user address space current while it lives, so that cache maintenance can use user
/// addresses: for pages outside the kernel's window.
class [[nodiscard]] AddressSpaceGuard {
  public:
    explicit AddressSpaceGuard(numbat::VSpaceCap vspace);
    AddressSpaceGuard(const AddressSpaceGuard&) = delete;
    AddressSpaceGuard& operator=(const AddressSpaceGuard&) = delete;
    ~AddressSpaceGuard();

  private:
    std::uint64_t previous_;
};

}  // namespace arch

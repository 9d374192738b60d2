// SPDX-License-Identifier: BSD-2-Clause
// The border between the core and an architecture: what the core calls (namespace arch), and what
// the exception vectors and the boot code call.
//
// "context.hpp" (arch::Context, arch::FpuState) and "inline.hpp" (definitions of the functions
// marked `hot`, if the architecture wants them inline) are found by include path:
// kernel/arch/<name> or, on the host, tests/host/kernel/fakes.
//
// Context (see arch/aarch64/context.hpp for the layout) must offer: x[31], sp, next_pc, spsr,
// restart_pc, tpidr, tpidrro, mr(i), set_mr(i), words(). At `svc` the vectors store next_pc = ELR
// and restart_pc = ELR - 4; at every other entry both are ELR. Returning to user continues at
// next_pc.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cap/cap.hpp"
#include "object/tcb.hpp"

namespace arch {

// ---- time and interrupts -------------------------------------------------------------------

/// CNTVCT. Hot.
std::uint64_t current_ticks();
/// One-shot: the timer interrupt becomes pending when current_ticks() >= `ticks`; in the past means
/// at once, ~0 means never. Writing it also takes the pending condition away. Hot.
void set_deadline(std::uint64_t ticks);
/// Is any unmasked interrupt pending at the CPU interface (ISR_EL1)? Asked at preemption points.
bool irq_pending();

inline constexpr unsigned no_irq = ~0u;
/// Takes the highest pending interrupt from the controller; no_irq if spurious.
unsigned acknowledge_irq();
/// Ends an interrupt returned by acknowledge_irq().
void end_irq(unsigned irq);
void mask_irq(unsigned irq);
void unmask_irq(unsigned irq);
enum class Trigger : std::uint8_t { level, edge };
void set_irq_trigger(unsigned irq, Trigger trigger);
void send_sgi(unsigned irq, unsigned target);

// ---- threads -------------------------------------------------------------------------------

/// The CPU goes on with `next` on return to user: address space (TTBR0 is written only if it
/// changes; a missing VSpace or stale ASID means an empty space), FPU access (lazy owner). The
/// previous thread may be gone. Called only when the running thread changes; returns `next`. Hot.
numbat::Tcb* switch_to(numbat::Tcb& next);
/// The flag fpu_disabled of the running thread or of any other one changed.
void fpu_flags_changed(numbat::Tcb& thread);
/// The MCP of the thread changed: only threads with one above 0 may use CNTP_*.
void mcp_changed(numbat::Tcb& thread);
/// The thread is being deleted: what it owns of the processor, FP registers above all, is nobody's.
void forget_owner(numbat::Tcb& thread);
/// Loads the space of the running thread, whose VSpace slot changed; the empty one if it has none.
void vspace_changed(const numbat::Tcb& thread);
/// Sets up a zeroed context: user mode, SPSR of the configuration.
void init_context(Context& context);
/// What WriteRegisters and fault replies may set.
std::uint64_t sanitise_spsr(std::uint64_t value);

// ---- memory --------------------------------------------------------------------------------

/// The kernel's window on physical memory. Hot.
std::uint64_t window_base();
inline void* kernel_pointer(base::PAddr address) {
    return reinterpret_cast<void*>(window_base() + address.raw());
}
inline base::PAddr physical_address(const void* kernel_address) {
    return base::PAddr(reinterpret_cast<std::uint64_t>(kernel_address) - window_base());
}
/// Zeroes [start, start + size), both multiples of 16.
void clear_memory(void* start, std::size_t size);

// ---- machine -------------------------------------------------------------------------------

/// To the serial port; LF is sent as CR LF.
void put_char(char character);
/// Ends in PSCI SYSTEM_OFF.
[[noreturn]] void halt();

}  // namespace arch

// ---- what the vectors call -----------------------------------------------------------------
// The user's registers have been saved in the context of the running thread, interrupts are off.
// Each returns the thread to resume; its context is to be restored. The idle thread is a Tcb too:
// `kernel_*` may return it, its context runs a `wfi` loop in EL1 with interrupts on
// (arch::init_context is not used for it; the boot code sets it up).
extern "C" {
/// x0..x7 as the user had them (they are in the context as well).
numbat::Tcb* kernel_syscall(std::uint64_t x0, std::uint64_t x1, std::uint64_t x2, std::uint64_t x3,
                            std::uint64_t x4, std::uint64_t x5, std::uint64_t x6,
                            std::int64_t number);
numbat::Tcb* kernel_irq();
/// FAR_EL1 (for an instruction fault the pc) and ESR_EL1.
numbat::Tcb* kernel_vm_fault(std::uint64_t address, std::uint64_t status, bool instruction);
/// Any other synchronous exception from user mode; `number` = ESR_EL1 low 32 bits.
numbat::Tcb* kernel_user_exception(std::uint64_t number);
}

namespace numbat {

// ---- what the boot code calls --------------------------------------------------------------

/// Before anything else of the core: the idle thread (its context set up by the caller) and the
/// masked interrupts.
void init_core(Tcb& idle_thread);
/// Root thread: priority 255, MCP 255, `context` in 5 ms round robin, running.
void start_root_thread(Tcb& thread, SchedContext& context);

}  // namespace numbat

#include "inline.hpp"

// SPDX-License-Identifier: BSD-2-Clause
// The border between the core and an architecture: what the core calls (namespace arch), what the
// exception vectors and the boot code call (kernel_*), and the object code of the architecture
// (namespace numbat: frames, tables, address spaces, ASIDs).
//
// "context.hpp" (arch::Context, arch::FpuState) and "inline.hpp" (definitions of the functions
// marked `hot`, if the architecture wants them inline) are found by include path:
// kernel/arch/<name> or, on the host, tests/host/kernel/fakes.
//
// Context (see arch/aarch64/context.hpp for the layout) must offer: x[31], sp, next_pc, spsr,
// restart_pc, tpidr, tpidrro, mr(i), set_mr(i). At `svc` the vectors store next_pc = ELR and
// restart_pc = ELR - 4; at every other entry both are ELR. Returning to user continues at next_pc.
#pragma once

#include <cstddef>
#include <cstdint>

#include "api/invocation.hpp"
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
/// As switch_to for the idle thread: the empty address space or the present one, no FPU work.
void switch_to_idle();
/// The flag fpu_disabled of the running thread or of any other one changed.
void fpu_flags_changed(numbat::Tcb& thread);
/// The MCP of the thread changed: only threads with one above 0 may use CNTP_*.
enum class Running : std::uint8_t { no, yes };
void mcp_changed(numbat::Tcb& thread, Running running);
/// The thread is being deleted: forget its FPU state if its registers are loaded.
void fpu_release(numbat::Tcb& thread);
/// The VSpace slot of the running thread changed: look at it again.
void vspace_changed(numbat::Tcb& thread);
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

/// Puts `cap` into an empty slot, without a parent (root of its own tree), revocable.
void insert_initial_cap(Slot& slot, Cap cap);
/// Puts `cap` behind `parent` in the derivation list, as Retype does.
void insert_initial_cap(Slot& slot, Cap cap, Slot& parent);
/// Puts a copy of `source` into `slot` as CNode_Copy does (for the slots inside the root TCB).
void insert_initial_copy(Slot& slot, Cap cap, Slot& source);
/// Before anything else of the core: the idle thread (its context set up by the caller) and the
/// masked interrupts.
void init_core(Tcb& idle_thread);
/// Root thread: priority 255, MCP 255, `context` in 5 ms round robin, running.
void start_root_thread(Tcb& thread, SchedContext& context);
/// Chooses the first thread, programs the timer; the caller restores its context.
Tcb* first_thread();

// ---- object code of the architecture (kernel/object/{frame,vspace,asid}*) --------------------

InvocationResult invoke_frame(Invocation& invocation, FrameCap cap);
InvocationResult invoke_page_table(Invocation& invocation, PageTableCap cap);
InvocationResult invoke_vspace(Invocation& invocation, VSpaceCap cap);
InvocationResult invoke_asid_control(Invocation& invocation);
InvocationResult invoke_asid_pool(Invocation& invocation, AsidPoolCap cap);

/// Is this capability the last one to its object?
enum class Finality : std::uint8_t { shared, final };
/// The capability goes away: unmap what it maps, release what its object holds if it is the last.
void finalise_frame(FrameCap cap);
void finalise_page_table(PageTableCap cap, Finality finality);
void finalise_vspace(VSpaceCap cap, Finality finality);
void finalise_asid_pool(AsidPoolCap cap, Finality finality);

/// The capability to a new frame, page table or VSpace in zeroed (or device) memory at `address`,
/// with the cache maintenance that Retype owes. Page sizes by type.
Cap create_arch_object(abi::ObjectType type, PAddr address, bool device);

// ---- what that code may use of the core ------------------------------------------------------

/// sel4-abi 5.2, second use: `index` at `depth` in the CNode capability `root`.
Result<Slot*> lookup_target_slot(Cap root, std::uint64_t index, std::uint64_t depth,
                                 LookupSide side);
/// RevokeFirst if the capability has children.
Result<void> ensure_no_children(const Slot& slot);
/// Links `cap` into the empty slot as a child of `parent`; IRQHandler, ASIDPool and the like.
void insert_child(Slot& slot, Cap cap, Slot& parent, DerivationFlags flags);
/// Is another capability to the same object in the list?
bool is_final(const Slot& slot);

}  // namespace numbat

#include "inline.hpp"

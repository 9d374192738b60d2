// SPDX-License-Identifier: BSD-2-Clause
#include "fake_arch.hpp"

#include <cstdlib>
#include <cstring>

#include "abi/object_type.hpp"
#include "cap/cap.hpp"

namespace fake {

State state;

namespace {
alignas(1u << 21) std::byte arena[ram_size];
}

void* memory() {
    return arena;
}

void reset() {
    std::memset(arena, 0, sizeof arena);
    state = State{};
    state.ticks = 1'000'000;
    state.next_irq = arch::no_irq;
}

}  // namespace fake

namespace arch {

std::uint64_t current_ticks() {
    if (fake::state.passing) fake::state.ticks += fake::state.passing();
    return fake::state.ticks;
}
void set_deadline(std::uint64_t ticks) {
    fake::state.deadline = ticks;
}
bool irq_pending() {
    return fake::state.irq_pending;
}
unsigned acknowledge_irq() {
    const unsigned irq = fake::state.next_irq;
    fake::state.next_irq = no_irq;
    return irq;
}
void end_irq(unsigned) {}
void mask_irq(unsigned irq) {
    fake::state.masked.push_back(irq);
}
void unmask_irq(unsigned irq) {
    fake::state.unmasked.push_back(irq);
}
void set_irq_trigger(unsigned, Trigger) {}
void send_sgi(unsigned, unsigned) {}
numbat::Tcb* switch_to(numbat::Tcb& next) {
    ++fake::state.switches;
    return &next;
}
void switch_to_idle() {}
void fpu_flags_changed(numbat::Tcb&) {}
void mcp_changed(numbat::Tcb&, Running) {}
void fpu_release(numbat::Tcb&) {}
void vspace_changed(numbat::Tcb&) {}
void init_context(Context& context) {
    context.spsr = 0x40;
}
std::uint64_t sanitise_spsr(std::uint64_t value) {
    return (value & 0xf000'0000) | 0x40;
}
std::uint64_t window_base() {
    return reinterpret_cast<std::uint64_t>(fake::memory()) - fake::ram_start;
}
void clear_memory(void* start, std::size_t size) {
    std::memset(start, 0, size);
}
void put_char(char) {}
void halt() {
    std::abort();
}

}  // namespace arch

namespace numbat {

InvocationResult invoke_frame(Invocation&, FrameCap) {
    return Fail(SysError::illegal_operation());
}
InvocationResult invoke_page_table(Invocation&, PageTableCap) {
    return Fail(SysError::illegal_operation());
}
InvocationResult invoke_vspace(Invocation&, VSpaceCap) {
    return Fail(SysError::illegal_operation());
}
InvocationResult invoke_asid_control(Invocation&) {
    return Fail(SysError::illegal_operation());
}
InvocationResult invoke_asid_pool(Invocation&, AsidPoolCap) {
    return Fail(SysError::illegal_operation());
}
void finalise_frame(FrameCap cap) {
    fake::state.finalised_frames.push_back(cap);
}
void finalise_page_table(PageTableCap, Finality) {}
void finalise_vspace(VSpaceCap, Finality) {}
void finalise_asid_pool(AsidPoolCap, Finality) {}

Cap create_arch_object(abi::ObjectType type, PAddr address, bool device) {
    switch (type) {
        case abi::ObjectType::small_page:
            return FrameCap::make(address, FrameSize::small, FrameRights::read_write, device);
        case abi::ObjectType::large_page:
            return FrameCap::make(address, FrameSize::large, FrameRights::read_write, device);
        case abi::ObjectType::huge_page:
            return FrameCap::make(address, FrameSize::huge, FrameRights::read_write, device);
        case abi::ObjectType::vspace:
            return VSpaceCap::make(arch::kernel_pointer(address));
        default:
            return PageTableCap::make(arch::kernel_pointer(address));
    }
}

}  // namespace numbat

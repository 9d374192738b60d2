// SPDX-License-Identifier: BSD-2-Clause
#include "fake_arch.hpp"

#include <cstdlib>
#include <cstring>

#include "cache.hpp"
#include "cpu_state.hpp"
#include "tlb.hpp"

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
void fpu_flags_changed(numbat::Tcb&) {}
void mcp_changed(numbat::Tcb&) {}
void forget_owner(numbat::Tcb&) {}
void vspace_changed(const numbat::Tcb&) {}
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

std::uint64_t make_ttbr0(const std::uint64_t* table, numbat::Asid asid) {
    return base::bits(reinterpret_cast<std::uint64_t>(table), 0, 48) | std::uint64_t{asid} << 48;
}
void leave_address_space(std::uint64_t) {}
AddressSpaceGuard::AddressSpaceGuard(numbat::VSpaceCap) : previous_(0) {}
AddressSpaceGuard::~AddressSpaceGuard() = default;
bool window_contains(std::uint64_t paddr) {
    return paddr >= fake::ram_start && paddr - fake::ram_start < fake::ram_size;
}
void publish_table_entry() {}
void tlb_invalidate_page(std::uint16_t, std::uint64_t) {}
void tlb_invalidate_asid(std::uint16_t) {}
void cache_maintain(CacheOperation, std::uint64_t, std::uint64_t) {}

}  // namespace arch

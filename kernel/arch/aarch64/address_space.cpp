// SPDX-License-Identifier: BSD-2-Clause
// Which user address space TTBR0 names. A thread without a usable one gets the empty one, in which
// its first instruction faults.
#include "cpu_state.hpp"

#include "arch/contract.hpp"
#include "memory_map.hpp"
#include "page_table.hpp"
#include "tlb.hpp"

namespace arch {
namespace {

alignas(4096) constinit Entry empty_table[entries_per_table]{};

void change_ttbr0(std::uint64_t value) {
    if (value != cpu.ttbr0) load_ttbr0(value);
}

std::uint64_t empty_ttbr0() {
    return kernel_image_paddr(empty_table);  // with ASID 0, which no address space gets
}

}  // namespace

void vspace_changed(const numbat::Tcb& thread) {
    const std::uint64_t ttbr0 = ttbr0_of(thread);
    change_ttbr0(ttbr0 != 0 ? ttbr0 : empty_ttbr0());
}

numbat::Tcb* switch_completely(numbat::Tcb& next) {
    vspace_changed(next);
    return load_privileges(next);
}

void leave_address_space(std::uint64_t ttbr0) {
    if (cpu.ttbr0 == ttbr0) enter_empty_address_space();
}

void enter_empty_address_space() {
    change_ttbr0(empty_ttbr0());
}

AddressSpaceGuard::AddressSpaceGuard(numbat::VSpaceCap vspace) : previous_(cpu.ttbr0) {
    change_ttbr0(ttbr0_entry(vspace.table()));
    isb();
}

AddressSpaceGuard::~AddressSpaceGuard() {
    change_ttbr0(previous_);
    isb();
}

}  // namespace arch

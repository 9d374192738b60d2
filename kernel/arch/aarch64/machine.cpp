// SPDX-License-Identifier: BSD-2-Clause
// The parts of contract.hpp that are neither inline nor a file of their own: interrupt controller
// and timer, thread registers, output, power.
#include "machine.hpp"

#include "arch/contract.hpp"
#include "gic.hpp"
#include "memory_map.hpp"
#include "tlb.hpp"

extern "C" {
extern const char idle_loop[];
}

namespace arch {
namespace {

constinit Gic gic{base::Mmio{platform::gic_distributor.virtual_address},
                  base::Mmio{platform::gic_cpu_interface.virtual_address}};
// Ending a software interrupt needs the core that sent it, which came with its number.
constinit std::uint32_t acknowledged = Gic::spurious;
constinit PowerConduit power_conduit = PowerConduit::hvc;

// CNTKCTL_EL1: the physical counter for all, the physical timer for some.
constexpr std::uint64_t user_counter = base::bit(0);
constexpr std::uint64_t user_timer = base::bit(9);

// CPACR_EL1.FPEN
constexpr std::uint64_t fpu_trap_user = base::bit(20);
constexpr std::uint64_t fpu_trap_nobody = base::bit(20) | base::bit(21);

constexpr std::uint64_t idle_spsr = 0x345;  // EL1h; debug, SError, FIQ masked; IRQ on

}  // namespace

constinit CpuState cpu;

void init_machine() {
    gic.init(platform::max_irq);
    write_cntv_cval(Deadline::never);
    write_cntv_ctl(1);
    gic.unmask(platform::kernel_timer_irq);

    // User mode may read and set up the performance counters; the cycle counter runs from here on.
    constexpr std::uint64_t enable_and_reset_64 = 0x47;  // E, P, C, LC
    write_pmcr(enable_and_reset_64);
    write_pmccfiltr(0);
    write_pmcntenset(base::bit(31));
    write_pmuserenr(0xf);

    write_cpacr(fpu_trap_user);
    write_cntkctl(user_counter);
}

numbat::Tcb* load_privileges(numbat::Tcb& thread) {
    const unsigned now = thread.privileges;
    const unsigned before = std::exchange(cpu.privileges, thread.privileges);
    write_cpacr((now & privilege::fpu) != 0 ? fpu_trap_nobody : fpu_trap_user);
    if (((now ^ before) & privilege::timer) == 0) return &thread;
    write_cntkctl((now & privilege::timer) != 0 ? user_counter | user_timer : user_counter);
    return &thread;
}

void init_context(Context& context) {
    context.spsr = initial_spsr;
}

void init_idle_context(Context& context) {
    context.spsr = idle_spsr;
    context.next_pc = reinterpret_cast<std::uintptr_t>(idle_loop);
}

unsigned acknowledge_irq() {
    acknowledged = gic.acknowledge();
    const unsigned irq = Gic::number(acknowledged);
    if (irq == platform::kernel_timer_irq) {
        if (const auto later = cpu.deadline.fired(current_ticks())) {
            write_cntv_cval(*later);
            gic.end(acknowledged);
            return no_irq;
        }
    }
    return irq >= Gic::spurious ? no_irq : irq;
}

void end_irq(unsigned irq) {
    ASSERT(Gic::number(acknowledged) == irq);
    gic.end(acknowledged);
}

void mask_irq(unsigned irq) {
    gic.mask(irq);
}

void unmask_irq(unsigned irq) {
    gic.unmask(irq);
}

void set_irq_trigger(unsigned irq, Trigger trigger) {
    gic.set_edge_triggered(irq, trigger == Trigger::edge);
}

void send_sgi(unsigned irq, unsigned target) {
    gic.send_software_interrupt(irq, target);
}

void put_char(char character) {
    if (character == '\n') platform::uart_put('\r');
    platform::uart_put(character);
}

void set_power_conduit(PowerConduit conduit) {
    power_conduit = conduit;
}

void halt() {
    constexpr std::uint64_t system_off = 0x8400'0008;  // PSCI 0.2 and up
    register std::uint64_t function asm("x0") = system_off;
    if (power_conduit == PowerConduit::hvc)
        asm volatile("hvc #0" : "+r"(function)::"memory", "x1", "x2", "x3");
    else
        asm volatile("smc #0" : "+r"(function)::"memory", "x1", "x2", "x3");
    for (;;) asm volatile("wfi");
}

}  // namespace arch

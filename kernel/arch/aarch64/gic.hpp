// SPDX-License-Identifier: BSD-2-Clause
// GICv2: distributor and CPU interface of the one core. All interrupts are group 0 of one priority;
// an interrupt that reached a user stays masked until the user acknowledges it, so priority drop
// and deactivation are one write. The registers come as Mmio, so that a host test can stand in.
#pragma once

#include <cstdint>

#include "base/mmio.hpp"

namespace arch {

class Gic {
  public:
    static constexpr unsigned spurious = 1020;  // and above: nothing to take

    constexpr Gic(base::Mmio distributor, base::Mmio cpu_interface)
        : distributor_(distributor), cpu_interface_(cpu_interface) {}

    /// All interrupts masked, shared ones level-triggered and routed to this core.
    void init(unsigned max_irq);

    /// What the CPU interface says is pending; above `spurious` nothing. The value, not only the
    /// number in it, ends the interrupt.
    std::uint32_t acknowledge() const { return cpu_interface_.read<std::uint32_t>(iar); }
    void end(std::uint32_t acknowledged) const {
        cpu_interface_.write<std::uint32_t>(eoir, acknowledged);
    }
    static constexpr unsigned number(std::uint32_t acknowledged) { return acknowledged & 0x3ff; }

    void mask(unsigned irq) const {
        distributor_.write<std::uint32_t>(icenabler + irq / 32 * 4, 1u << irq % 32);
    }
    void unmask(unsigned irq) const {
        distributor_.write<std::uint32_t>(isenabler + irq / 32 * 4, 1u << irq % 32);
    }
    /// Software interrupts have no trigger to set; setting it changes nothing for them.
    void set_edge_triggered(unsigned irq, bool edge) const;
    /// Raises software interrupt `irq` (0..15) at CPU interface `target` (0..7).
    void send_software_interrupt(unsigned irq, unsigned target) const {
        distributor_.write<std::uint32_t>(sgir, 1u << (16 + target) | irq);
    }

  private:
    // Distributor
    static constexpr std::size_t ctlr = 0x000;
    static constexpr std::size_t typer = 0x004;
    static constexpr std::size_t isenabler = 0x100;
    static constexpr std::size_t icenabler = 0x180;
    static constexpr std::size_t icpendr = 0x280;
    static constexpr std::size_t icactiver = 0x380;
    static constexpr std::size_t ipriorityr = 0x400;
    static constexpr std::size_t itargetsr = 0x800;
    static constexpr std::size_t icfgr = 0xc00;
    static constexpr std::size_t sgir = 0xf00;
    // CPU interface
    static constexpr std::size_t cpu_ctlr = 0x00;
    static constexpr std::size_t pmr = 0x04;
    static constexpr std::size_t iar = 0x0c;
    static constexpr std::size_t eoir = 0x10;

    static constexpr std::uint32_t priority_of_all = 0xa0a0'a0a0;

    base::Mmio distributor_;
    base::Mmio cpu_interface_;
};

}  // namespace arch

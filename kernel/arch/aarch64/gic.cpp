// SPDX-License-Identifier: BSD-2-Clause
#include "gic.hpp"

namespace arch {

void Gic::init(unsigned max_irq) {
    distributor_.write<std::uint32_t>(ctlr, 0);
    const std::uint32_t own_target = distributor_.read<std::uint32_t>(itargetsr) & 0xff;
    const std::uint32_t implemented =
        (distributor_.read<std::uint32_t>(typer) & 0x1f) * 32 + 31;  // highest number
    const unsigned last = max_irq < implemented ? max_irq : implemented;
    for (unsigned irq = 0; irq <= last; irq += 32) {
        distributor_.write<std::uint32_t>(icenabler + irq / 8, ~0u);
        distributor_.write<std::uint32_t>(icpendr + irq / 8, ~0u);
        distributor_.write<std::uint32_t>(icactiver + irq / 8, ~0u);
    }
    for (unsigned irq = 0; irq <= last; irq += 4)
        distributor_.write<std::uint32_t>(ipriorityr + irq, priority_of_all);
    for (unsigned irq = 32; irq <= last; irq += 4)
        distributor_.write<std::uint32_t>(itargetsr + irq, own_target * 0x0101'0101u);
    for (unsigned irq = 32; irq <= last; irq += 16)
        distributor_.write<std::uint32_t>(icfgr + irq / 4, 0);
    distributor_.write<std::uint32_t>(ctlr, 1);
    cpu_interface_.write<std::uint32_t>(pmr, 0xf0);
    cpu_interface_.write<std::uint32_t>(cpu_ctlr, 1);
}

void Gic::set_edge_triggered(unsigned irq, bool edge) const {
    const std::size_t offset = icfgr + irq / 16 * 4;
    const unsigned shift = irq % 16 * 2;
    const std::uint32_t old = distributor_.read<std::uint32_t>(offset);
    distributor_.write<std::uint32_t>(offset, (old & ~(3u << shift)) | (edge ? 2u << shift : 0));
}

}  // namespace arch

// SPDX-License-Identifier: BSD-2-Clause
// Stands in for tlb.hpp: records instead of maintaining a TLB (world.hpp).
#pragma once

#include <cstdint>

namespace arch {

void publish_table_entry();
void tlb_invalidate_page(std::uint16_t asid, std::uint64_t vaddr);
void tlb_invalidate_asid(std::uint16_t asid);

}  // namespace arch

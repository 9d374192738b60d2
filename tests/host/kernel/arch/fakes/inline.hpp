// SPDX-License-Identifier: BSD-2-Clause
// Stands in for the architecture's inline.hpp: what object code uses of it.
#pragma once

#include "cpu_state.hpp"
#include "kernel_map.hpp"

namespace arch {

std::uint64_t make_ttbr0(const std::uint64_t* table, numbat::Asid asid);

}  // namespace arch

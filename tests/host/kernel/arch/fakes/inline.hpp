// SPDX-License-Identifier: BSD-2-Clause
// Stands in for the architecture's inline.hpp: what object code uses of it.
#pragma once

#include "kernel_map.hpp"

namespace arch {

std::uint64_t ttbr0_of(numbat::Cap vspace);
void leave_address_space(std::uint64_t ttbr0);

}  // namespace arch

// SPDX-License-Identifier: BSD-2-Clause
// Included by contract.hpp: the fake architecture defines everything in fake_arch.cpp. What the
// object code of the architecture uses beyond the contract:
#pragma once

#include "cpu_state.hpp"
#include "kernel_map.hpp"

namespace arch {

std::uint64_t make_ttbr0(const std::uint64_t* table, numbat::Asid asid);

}  // namespace arch

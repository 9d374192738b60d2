// SPDX-License-Identifier: BSD-2-Clause
// The page tables that a kernel starts on: TTBR0 maps the loader's own blocks one to one, TTBR1
// maps from the kernel's lowest virtual address to the end of that 1 GiB, both in blocks of 2 MiB.
#pragma once

#include <array>
#include <cstdint>

#include "elf.hpp"

namespace loader {

using PageTable = std::array<std::uint64_t, 512>;

struct alignas(4096) BootTables {
    PageTable low0, low1, low2;
    PageTable high0, high1, high2;
};

/// Fills `tables`, which lie at physical address `at`. `own` lies in one 1 GiB region, and so
/// does the kernel.
void build_boot_tables(BootTables& tables, std::uint64_t at, Range own,
                       std::uint64_t kernel_virtual, std::uint64_t kernel_physical);

}  // namespace loader

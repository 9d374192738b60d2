// SPDX-License-Identifier: BSD-2-Clause
// What the loader hands over, in the order of x0..x5 (sel4-abi 12.3).
#pragma once

#include <cstdint>

namespace numbat {

struct BootArguments {
    std::uint64_t root_start;   // physical, whole pages
    std::uint64_t root_end;     // exclusive
    std::uint64_t root_offset;  // physical minus virtual address
    std::uint64_t root_entry;   // virtual
    std::uint64_t tree;         // physical address of the device tree
    std::uint64_t tree_size;    // 0: there is none
};

}  // namespace numbat

// SPDX-License-Identifier: BSD-2-Clause
// The root task: its objects, capabilities, address space and BootInfo, made from free memory
// exactly as sel4-abi 12.5 to 12.8 describes them. What does not fit is a machine or an image that
// we cannot run: PANIC.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "boot/region_set.hpp"

namespace numbat {

/// What the loader hands over, in the order of x0..x5 (sel4-abi 12.3).
struct BootArguments {
    std::uint64_t root_start;   // physical, whole pages
    std::uint64_t root_end;     // exclusive
    std::uint64_t root_offset;  // physical minus virtual address
    std::uint64_t root_entry;   // virtual
    std::uint64_t tree;         // physical address of the device tree
    std::uint64_t tree_size;    // 0: there is none
};

/// Makes the root task and starts its thread. `free` is RAM that may be used, `devices` all else of
/// the physical address space.
void start_root_task(const BootArguments& arguments, std::span<const std::byte> tree,
                     RegionSet& free, const RegionSet& devices);

}  // namespace numbat

// SPDX-License-Identifier: BSD-2-Clause
// Where everything goes. make_plan() looks at all inputs and either says why they cannot be
// started or names the places; it writes nothing, so what follows it cannot fail half way.
//
//   kernel: at its physical addresses | tree: next page | root task: next page | its headers: one
//   page
//
// All of that lies in RAM and outside the loader, its archive and its copy of the device tree. What
// the device tree reserves is left alone: the places behind the kernel are then the next that are
// free.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "archive.hpp"
#include "elf.hpp"
#include "failure.hpp"

namespace loader {

inline constexpr std::uint64_t page_size = 4096;
inline constexpr std::uint64_t block_size = 0x20'0000;            // what boot page tables map with
inline constexpr std::uint64_t kernel_window_size = 0x4000'0000;  // one level-2 table
inline constexpr std::uint64_t upper_half = 0xffff'0000'0000'0000;
inline constexpr std::uint64_t user_end = 0x0000'8000'0000'0000;
inline constexpr std::size_t max_tree_size = 0x10'0000;
inline constexpr std::size_t max_memory_regions = 8;
inline constexpr std::size_t max_reserved_regions = 16;

/// The device tree in `bytes`, cut to what is in use of it.
Result<std::span<const std::byte>> used_tree(std::span<const std::byte> bytes);

struct Plan {
    ElfImage kernel;
    ElfImage root_task;
    std::span<const std::byte> tree;  // what is in use of it

    Range kernel_place;
    Range tree_place;
    Range root_place;     // whole pages
    Range headers_place;  // copy of the root task's program headers

    /// Physical minus virtual address of the root task.
    std::uint64_t root_offset() const { return root_place.start - root_task.virtual_range().start; }
};

/// `own` is all that must survive: code, data, archive and the copy of the firmware's tree.
/// `tree` is the device tree to pass on; bytes behind what it uses are dropped.
Result<Plan> make_plan(const BootFiles& files, std::span<const std::byte> tree, Range own);

}  // namespace loader

// SPDX-License-Identifier: BSD-2-Clause
// The upper half of the address space, which TTBR1 maps for the kernel alone:
//
//   ffffff80_00000000  window: all RAM at its physical address, read-write, never executed
//   ffffffff_c0000000  kernel image at physical 40000000: one 2 MiB block of code and constants,
//                      read-only; then blocks of data; behind them what map_boot_data() shows
//   ffffffff_ffe00000  devices, one page each (plat/memory_map.hpp)
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace arch {

inline constexpr std::uint64_t physical_window = 0xffff'ff80'0000'0000;
inline constexpr std::uint64_t kernel_image_base = 0xffff'ffff'c000'0000;
/// The window ends where the kernel image begins: 511 GiB.
inline constexpr std::uint64_t physical_window_size = kernel_image_base - physical_window;

struct PhysicalRange {
    std::uint64_t start;
    std::uint64_t end;  // exclusive
    friend constexpr bool operator==(PhysicalRange, PhysicalRange) = default;
};

inline constexpr std::size_t max_ram_ranges = 4;

/// Physical address of something in the kernel image.
std::uint64_t kernel_image_paddr(const void* address);
/// Is this page in the window? Device memory is not.
bool window_contains(std::uint64_t paddr);

/// Replaces the loader's tables by the kernel's own: image and devices. Needs nothing but the
/// image itself to be mapped.
void map_kernel();
/// After map_kernel(): memory at `paddr` that the loader has left, beside the image; for the boot
/// code, before the window is there. Null if it lies too far away.
const void* map_boot_data(std::uint64_t paddr, std::uint64_t size);
/// After map_kernel(), once: the window. Each range is RAM, cut to whole blocks of 2 MiB; at most
/// max_ram_ranges.
void map_window(std::span<const PhysicalRange> ram);

}  // namespace arch

// SPDX-License-Identifier: BSD-2-Clause
// QEMU's virt machine as far as the kernel uses it: its three devices, its interrupts, and where
// the kernel sees them. Devices have one page each in the last 2 MiB of the address space.
#pragma once

#include <cstdint>

namespace platform {

struct KernelDevice {
    std::uint64_t physical;
    std::uint64_t virtual_address;
};

/// Where kernel.ld puts the image.
inline constexpr std::uint64_t kernel_physical_base = 0x4000'0000;

inline constexpr std::uint64_t device_window = 0xffff'ffff'ffe0'0000;
inline constexpr KernelDevice uart{0x0900'0000, device_window};
inline constexpr KernelDevice gic_distributor{0x0800'0000, device_window + 0x1000};
inline constexpr KernelDevice gic_cpu_interface{0x0801'0000, device_window + 0x2000};

/// RAM, if the loader passes no device tree (sel4-abi 12.3 allows that, 13.1 says how much).
inline constexpr std::uint64_t default_ram_start = 0x4000'0000;
inline constexpr std::uint64_t default_ram_size = 0x4000'0000;

inline constexpr unsigned max_irq = 159;
inline constexpr unsigned kernel_timer_irq = 27;

inline constexpr unsigned physical_address_bits = 40;

/// The kernel's own output; waits while the device is full.
void uart_put(char character);

}  // namespace platform

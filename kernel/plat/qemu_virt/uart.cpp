// SPDX-License-Identifier: BSD-2-Clause
// The kernel's own output: PL011, polled. A user driver may own the same device; the kernel only
// ever looks at the flag register and writes the data register.
#include <cstdint>

#include "base/mmio.hpp"
#include "memory_map.hpp"

namespace platform {
namespace {

constexpr base::Mmio device{uart.virtual_address};
constexpr std::size_t data_register = 0x00;
constexpr std::size_t flag_register = 0x18;
constexpr std::uint32_t transmit_full = 1u << 5;

}  // namespace

void uart_put(char character) {
    while ((device.read<std::uint32_t>(flag_register) & transmit_full) != 0) {
    }
    device.write<std::uint32_t>(data_register, static_cast<unsigned char>(character));
}

}  // namespace platform

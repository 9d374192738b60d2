// SPDX-License-Identifier: BSD-2-Clause
#include "uart.hpp"

#include <cstdint>

#include "base/mmio.hpp"

namespace loader {
namespace {

constexpr base::Mmio uart{0x0900'0000};
constexpr std::size_t data_register = 0x00;
constexpr std::size_t flag_register = 0x18;
constexpr std::uint32_t transmit_full = 1u << 5;

void put(char c) {
    while ((uart.read<std::uint32_t>(flag_register) & transmit_full) != 0) {
    }
    uart.write<std::uint32_t>(data_register, static_cast<unsigned char>(c));
}

}  // namespace

void print(char c) {
    if (c == '\n') put('\r');
    put(c);
}

}  // namespace loader

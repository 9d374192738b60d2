// SPDX-License-Identifier: BSD-2-Clause
// Badges by which a server thread tells what woke it (dispatch is on badges only: labels and
// message contents belong to whoever sent them). Endpoint badges and notification bits are
// disjoint.
#pragma once

#include <cstdint>

namespace abi::sos_badge {

// Endpoint caps: the kind in the top bits, what it names below.
inline constexpr std::uint64_t kind_mask = 0xf000'0000'0000'0000;
inline constexpr std::uint64_t system_call = 0x1000'0000'0000'0000;    // a program's CPtr 1
inline constexpr std::uint64_t fault = 0x2000'0000'0000'0000;          // a program's fault endpoint
inline constexpr std::uint64_t handler = 0x3000'0000'0000'0000;        // a handler calling a server
inline constexpr std::uint64_t server_fault = 0x4000'0000'0000'0000;   // a server thread faulted
inline constexpr std::uint64_t argument_mask = 0x0fff'ffff'ffff'ffff;  // slot, generation, thread

// Bits of notifications bound to server threads.
inline constexpr std::uint64_t kill = 1;      // handler: see the slot's word
inline constexpr std::uint64_t wake = 2;      // handler: check the condition again
inline constexpr std::uint64_t timer = 4;     // a registered timeout has passed
inline constexpr std::uint64_t cancel = 8;    // file server: some slot's requests end
inline constexpr std::uint64_t page_io = 16;  // file server: page records were submitted
inline constexpr std::uint64_t network = 32;  // NIC interrupt
inline constexpr std::uint64_t serial = 64;   // UART interrupt
inline constexpr std::uint64_t input = 128;   // PM server: console input arrived
inline constexpr std::uint64_t output = 256;  // PM server: room for, or a turn of, console output
inline constexpr std::uint64_t interrupt_key = 512;  // PM server: ^C was typed

}  // namespace abi::sos_badge

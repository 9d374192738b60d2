// SPDX-License-Identifier: BSD-2-Clause
// Fault messages: labels, lengths and positions of their words.
#pragma once

#include <cstdint>

namespace abi {

enum class Fault : std::uint64_t {
    null = 0,
    cap = 1,
    unknown_syscall = 2,
    user_exception = 3,
    debug_exception = 4,
    timeout = 5,
    vm = 6,
};

namespace vm_fault {
enum : unsigned { ip, address, is_instruction, fsr, length };
}
namespace cap_fault {
enum : unsigned { ip, cptr, in_receive_phase, lookup_failure, bits_left, word5, word6 };
}
namespace unknown_syscall {
enum : unsigned { x0, fault_ip = 8, sp, lr, spsr, syscall, length };
}
namespace user_exception {
enum : unsigned { fault_ip, sp, spsr, number, code, length };
}
namespace timeout_fault {
enum : unsigned { data, consumed, length };
}

// Words of Read/WriteRegisters, in order.
struct UserContext {
    std::uint64_t pc, sp, spsr;
    std::uint64_t x0, x1, x2, x3, x4, x5, x6, x7, x8, x16, x17, x18, x29, x30;
    std::uint64_t x9, x10, x11, x12, x13, x14, x15;
    std::uint64_t x19, x20, x21, x22, x23, x24, x25, x26, x27, x28;
    std::uint64_t tpidr_el0, tpidrro_el0;
};
inline constexpr unsigned frame_register_count = 17;
inline constexpr unsigned user_context_words = 36;
static_assert(sizeof(UserContext) == 8 * user_context_words);

}  // namespace abi

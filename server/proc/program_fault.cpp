// SPDX-License-Identifier: BSD-2-Clause
#include "proc/program_fault.hpp"

#include "abi/sos_file.hpp"
#include "base/bits.hpp"

namespace sos::proc {

namespace {

// ESR_EL1 of aborts (Arm ARM D17.2.37).
constexpr std::uint64_t fault_status(std::uint64_t syndrome) {
    return base::bits(syndrome, 0, 6);
}
constexpr bool is_write(std::uint64_t syndrome) {
    return base::bits(syndrome, 6, 1) != 0;
}

}  // namespace

ProgramFault ProgramFault::from_message(const sel4::Received& message,
                                        const abi::IpcBuffer& buffer) {
    const auto& words = message.words.mr;
    ProgramFault fault{.kind = static_cast<abi::Fault>(message.info.label())};
    switch (fault.kind) {
        case abi::Fault::vm:
            fault.pc = base::VAddr{words[abi::vm_fault::ip]};
            fault.address = base::VAddr{words[abi::vm_fault::address]};
            fault.instruction = words[abi::vm_fault::is_instruction] != 0;
            fault.detail = words[abi::vm_fault::fsr];
            break;
        case abi::Fault::cap:
            fault.pc = base::VAddr{words[abi::cap_fault::ip]};
            fault.detail = words[abi::cap_fault::cptr];
            break;
        case abi::Fault::unknown_syscall:
            fault.pc = base::VAddr{buffer.msg[abi::unknown_syscall::fault_ip]};
            fault.detail = buffer.msg[abi::unknown_syscall::syscall];
            break;
        case abi::Fault::user_exception:
            fault.pc = base::VAddr{words[abi::user_exception::fault_ip]};
            fault.detail = words[abi::user_exception::number];
            break;
        case abi::Fault::null:
        case abi::Fault::debug_exception:
        case abi::Fault::timeout:
            break;
    }
    return fault;
}

std::optional<vm::Access> ProgramFault::page_access() const {
    if (kind != abi::Fault::vm) return std::nullopt;
    // 0b00'01xx translation, 0b00'10xx access flag, 0b00'11xx permission; xx is the level.
    const std::uint64_t type = fault_status(detail) >> 2;
    if (type < 1 || type > 3) return std::nullopt;
    if (instruction) return vm::Access::execute;
    return is_write(detail) ? vm::Access::write : vm::Access::read;
}

ExceptionClass ProgramFault::exception_class() const {
    return static_cast<ExceptionClass>(base::bits(detail, 26, 6));
}

std::uint64_t ProgramFault::signal() const {
    switch (kind) {
        case abi::Fault::vm:
            return page_access() ? abi::signals::segv : abi::signals::bus;
        case abi::Fault::user_exception: {
            const ExceptionClass what = exception_class();
            const bool misaligned =
                what == ExceptionClass::pc_alignment || what == ExceptionClass::sp_alignment;
            return misaligned ? abi::signals::bus : abi::signals::illegal;
        }
        case abi::Fault::unknown_syscall:
            return abi::signals::illegal;
        case abi::Fault::cap:
        case abi::Fault::null:
        case abi::Fault::debug_exception:
        case abi::Fault::timeout:
            break;
    }
    return abi::signals::segv;
}

}  // namespace sos::proc

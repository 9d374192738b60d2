// SPDX-License-Identifier: BSD-2-Clause
// A program's fault, read from the kernel's message. Every label and every word is accepted: what
// makes no sense is a fault that ends the process.
#pragma once

#include <cstdint>
#include <optional>

#include "abi/fault.hpp"
#include "abi/ipc_buffer.hpp"
#include "base/strong.hpp"
#include "sel4/syscalls.hpp"
#include "vm/region.hpp"

namespace sos::proc {

/// ESR_EL1.EC, bits 31 to 26 of a user exception's detail (Arm ARM D17.2.37).
enum class ExceptionClass : std::uint8_t {
    unknown = 0x00,
    pc_alignment = 0x22,
    sp_alignment = 0x26,
    breakpoint = 0x3c,
};

struct ProgramFault {
    abi::Fault kind = abi::Fault::null;
    base::VAddr pc{};
    base::VAddr address{};     // of a VM fault
    std::uint64_t detail = 0;  // syndrome, CPtr or system call number
    bool instruction = false;  // VM fault: by fetching

    static ProgramFault from_message(const sel4::Received& message, const abi::IpcBuffer& buffer);

    /// What the program wanted of its memory, if a page can be the answer: translation, access flag
    /// and permission faults. Nothing for alignment faults and all that is no VM fault.
    std::optional<vm::Access> page_access() const;

    /// Of a user exception; other values than those with a name are possible.
    ExceptionClass exception_class() const;

    /// The signal that a Unix system would have sent.
    std::uint64_t signal() const;
};

}  // namespace sos::proc

// SPDX-License-Identifier: BSD-2-Clause
// A program's fault, read from the kernel's message, and the line that says why it was killed.
#pragma once

#include <cstdint>
#include <optional>

#include "abi/fault.hpp"
#include "abi/ipc_buffer.hpp"
#include "base/strong.hpp"
#include "error.hpp"
#include "sel4/syscalls.hpp"
#include "vm/region.hpp"

namespace sos::proc {

class Process;

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

    /// The signal that a Unix system would have sent.
    std::uint64_t signal() const;
};

/// One line: program, what it did, where; and a second one with the calls that led there.
void report_fault(Process& process, const ProgramFault& fault, Error reason);

}  // namespace sos::proc

// SPDX-License-Identifier: BSD-2-Clause
#include "proc/fault_report.hpp"

#include <cstring>
#include <string_view>

#include "abi/sos_file.hpp"
#include "base/bits.hpp"
#include "log/log.hpp"
#include "proc/describe.hpp"
#include "proc/process.hpp"
#include "sel4/tcb.hpp"

namespace sos::proc {

namespace {

constexpr unsigned max_depth = 8;

std::string_view what_happened(const ProgramFault& fault) {
    switch (fault.kind) {
        case abi::Fault::vm:
            if (!fault.page_access()) return "made a misaligned or impossible access";
            switch (*fault.page_access()) {
                case vm::Access::read:
                    return "read from a bad address";
                case vm::Access::write:
                    return "wrote to a bad address";
                case vm::Access::execute:
                    return "jumped to a bad address";
            }
            break;
        case abi::Fault::cap:
            return "used a capability that it does not have";
        case abi::Fault::unknown_syscall:
            return "made an unknown kernel call";
        case abi::Fault::user_exception:
            switch (fault.exception_class()) {
                case ExceptionClass::unknown:
                    return "executed an undefined instruction";
                case ExceptionClass::breakpoint:
                    return "executed a breakpoint";
                case ExceptionClass::pc_alignment:
                    return "jumped to a misaligned address";
                case ExceptionClass::sp_alignment:
                    return "used a misaligned stack pointer";
            }
            return "raised an exception";
        case abi::Fault::null:
        case abi::Fault::debug_exception:
        case abi::Fault::timeout:
            break;
    }
    return "faulted";
}

/// One word of the program's memory, if it is there.
std::optional<std::uint64_t> read_word(Process& process, std::uint64_t address) {
    if (!base::aligned(address, sizeof(std::uint64_t))) return std::nullopt;
    const auto page = process.space().pin(base::VAddr{address}, vm::Access::read);
    if (!page) return std::nullopt;
    std::uint64_t word = 0;
    std::memcpy(&word, page->data() + address % vm::page_size, sizeof word);
    return word;
}

/// Collects " 0x..." for each frame record that can be read (AAPCS64 6.4.6).
void report_calls(Process& process, const abi::UserContext& context) {
    char text[max_depth * 20 + 1];
    std::size_t length = 0;
    const auto put = [&](char c) { text[length++] = c; };
    std::uint64_t frame = context.x29;
    for (unsigned depth = 0; depth < max_depth; ++depth) {
        const auto next = read_word(process, frame);
        const auto return_address = read_word(process, frame + 8);
        if (!next || !return_address || *return_address == 0) break;
        base::format_to(put, " 0x{x}", *return_address);
        if (*next <= frame) break;  // a damaged or finished chain
        frame = *next;
    }
    if (length == 0) return;
    log::info<log::Area::proc>("  called from{}", std::string_view(text, length));
}

}  // namespace

void report_fault(Process& process, const ProgramFault& fault, Error reason) {
    abi::UserContext context{};
    const auto read = sel4::tcb_read_registers(process.tcb(), context, abi::user_context_words,
                                               sel4::SuspendSource::no);
    const bool bad = reason == Error::bad_address;
    log::info<log::Area::proc>("{} (pid {}) {}: pc 0x{x} lr 0x{x} address 0x{x} detail 0x{x}{}{}",
                               process.command(), process.id().pid(),
                               bad ? what_happened(fault) : "cannot have a page", fault.pc.raw(),
                               context.x30, fault.address.raw(), fault.detail, bad ? "" : ": ",
                               bad ? "" : describe(reason));
    if (read) report_calls(process, context);
}

}  // namespace sos::proc

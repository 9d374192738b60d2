// SPDX-License-Identifier: BSD-2-Clause
#include "proc/program_fault.hpp"

#include <gtest/gtest.h>

#include "abi/sos_file.hpp"

namespace sos::proc {
namespace {

ProgramFault vm_fault(std::uint64_t status, bool instruction) {
    const sel4::Received message{sel4::Badge{0},
                                 abi::MessageInfo::make(6, abi::vm_fault::length),
                                 {{0x400000, 0x1234, instruction ? 1u : 0u, status}}};
    return ProgramFault::from_message(message, abi::IpcBuffer{});
}

// The status words that the kernel's interface document lists.
TEST(ProgramFaultTest, AccessOfPageFaults) {
    EXPECT_EQ(vm_fault(0x9200'0005, false).page_access(), vm::Access::read);
    EXPECT_EQ(vm_fault(0x9200'0045, false).page_access(), vm::Access::write);
    EXPECT_EQ(vm_fault(0x8200'0005, true).page_access(), vm::Access::execute);
    EXPECT_EQ(vm_fault(0x9200'000f, false).page_access(), vm::Access::read);
    EXPECT_EQ(vm_fault(0x9200'004f, false).page_access(), vm::Access::write);
    EXPECT_EQ(vm_fault(0x8200'000f, true).page_access(), vm::Access::execute);
}

TEST(ProgramFaultTest, MisalignedAccessIsNoPageFault) {
    const ProgramFault fault = vm_fault(0x9200'0021, false);
    EXPECT_FALSE(fault.page_access());
    EXPECT_EQ(fault.signal(), abi::signals::bus);
    EXPECT_EQ(fault.address, base::VAddr{0x1234});
}

TEST(ProgramFaultTest, SignalsOfOtherFaults) {
    abi::IpcBuffer buffer{};
    buffer.msg[abi::unknown_syscall::fault_ip] = 0x400100;
    buffer.msg[abi::unknown_syscall::syscall] = 1234;
    const sel4::Received unknown{sel4::Badge{0}, abi::MessageInfo::make(2, 13), {}};
    const ProgramFault fault = ProgramFault::from_message(unknown, buffer);
    EXPECT_EQ(fault.signal(), abi::signals::illegal);
    EXPECT_EQ(fault.pc, base::VAddr{0x400100});
    EXPECT_EQ(fault.detail, 1234u);
    EXPECT_FALSE(fault.page_access());

    const sel4::Received cap{sel4::Badge{0}, abi::MessageInfo::make(1, 5), {{8, 7, 0, 2}}};
    EXPECT_EQ(ProgramFault::from_message(cap, buffer).signal(), abi::signals::segv);
    EXPECT_EQ(ProgramFault::from_message(cap, buffer).detail, 7u);
}

TEST(ProgramFaultTest, SignalsOfExceptions) {
    constexpr struct {
        std::uint64_t syndrome, signal;
    } rows[] = {{0x0200'0000, abi::signals::illegal},  // an undefined instruction
                {0xf200'0001, abi::signals::illegal},  // a breakpoint
                {0x8a00'0000, abi::signals::bus},      // PC alignment
                {0x9a00'0000, abi::signals::bus},      // SP alignment
                {0xfe00'0000, abi::signals::illegal}};
    for (const auto& row : rows) {
        const sel4::Received message{
            sel4::Badge{0}, abi::MessageInfo::make(3, 5), {{0x400000, 0, 0, row.syndrome}}};
        const ProgramFault fault = ProgramFault::from_message(message, abi::IpcBuffer{});
        EXPECT_EQ(fault.signal(), row.signal) << std::hex << row.syndrome;
        EXPECT_FALSE(fault.page_access());
    }
}

// A label that the kernel never sends must do no harm.
TEST(ProgramFaultTest, UnknownKindsEndTheProcess) {
    for (const std::uint64_t label : {0u, 4u, 5u, 7u, 99u}) {
        const sel4::Received message{sel4::Badge{0}, abi::MessageInfo::make(label, 4), {}};
        const ProgramFault fault = ProgramFault::from_message(message, abi::IpcBuffer{});
        EXPECT_FALSE(fault.page_access());
        EXPECT_NE(fault.signal(), 0u);
    }
}

}  // namespace
}  // namespace sos::proc

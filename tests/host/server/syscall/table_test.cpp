// SPDX-License-Identifier: BSD-2-Clause
// The system call table as the dispatcher relies on it.
#include <gtest/gtest.h>

#include "abi/sos_syscall.hpp"
#include "syscall/call_index.hpp"

namespace sos::syscall {
namespace {

TEST(CallIndexTest, EveryNumberFindsItsRow) {
    for (std::size_t row = 0; row < std::size(abi::sos_syscalls); ++row)
        EXPECT_EQ(find_call(abi::sos_syscalls[row].number), row) << abi::sos_syscalls[row].name;
}

TEST(CallIndexTest, EveryOtherNumberFindsNone) {
    std::size_t found = 0;
    for (std::uint64_t number = 0; number < 0x20000; ++number)
        if (find_call(number) != no_call) ++found;
    EXPECT_EQ(found, std::size(abi::sos_syscalls));
    for (const std::uint64_t number : {~0ull, 1ull << 63, (1ull << 32) + 63, 0xffff'ffffull})
        EXPECT_EQ(find_call(number), no_call) << number;
}

TEST(CallIndexTest, ArgumentsAndResultsFitTheMessage) {
    for (const abi::SosSyscallInfo& call : abi::sos_syscalls) {
        EXPECT_LE(call.arguments, 4u) << call.name;
        EXPECT_LE(call.results, 2u) << call.name;
    }
}

}  // namespace
}  // namespace sos::syscall

// SPDX-License-Identifier: BSD-2-Clause
// The table of SOS system calls: numbers fixed by the description of SOS, and no number twice.
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <set>

#include "abi/sos_file.hpp"
#include "abi/sos_syscall.hpp"

namespace {

TEST(SosSyscalls, NumbersOfTheDescription) {
    const std::map<std::string, std::uint64_t> seed{
        {"io_getevents", 4}, {"openat", 56}, {"close", 57},          {"getdents64", 61},
        {"read", 63},        {"write", 64},  {"fstat", 80},          {"nanosleep", 101},
        {"getitimer", 102},  {"kill", 129},  {"getpid", 172},        {"brk", 214},
        {"execve", 221},     {"wait4", 260}, {"console_out", 0x1000}};
    std::map<std::string, std::uint64_t> found;
    for (const auto& call : abi::sos_syscalls) found[call.name] = call.number;
    for (const auto& [name, number] : seed) {
        ASSERT_TRUE(found.contains(name)) << name;
        EXPECT_EQ(found[name], number) << name;
    }
}

TEST(SosSyscalls, EveryNumberOnceAndWithinTheMessageRegisters) {
    std::set<std::uint64_t> numbers;
    for (const auto& call : abi::sos_syscalls) {
        EXPECT_TRUE(numbers.insert(call.number).second) << call.name;
        EXPECT_LE(call.arguments, 4u) << call.name;
        EXPECT_LE(call.results, 3u) << call.name;
        EXPECT_GT(std::strlen(call.text), 0u) << call.name;
    }
}

TEST(SosSyscalls, WaitStatusWords) {
    EXPECT_EQ(abi::wait_status_exited(1), 0x100u);
    EXPECT_EQ(abi::wait_status_exited(0x1ff), 0xff00u);
    EXPECT_EQ(abi::wait_status_killed(abi::signals::kill), 9u);
}

}  // namespace

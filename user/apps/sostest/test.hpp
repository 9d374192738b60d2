// SPDX-License-Identifier: BSD-2-Clause
// The on-target test suite of what programs see of SOS. A case is a function that returns true, or
// says with CHECK what was not as it should be. Each runs in a process of its own; main.cpp starts
// them, checks that what was in use before is in use after, and prints one TEST line for each.
#pragma once

#include <dirent.h>
#include <errno.h>
#include <sos.h>
#include <sos_system.h>
#include <stdio.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

#undef getdents64  // libc's name for getdents; here it is a system call of its own

#include "abi/sos_file.hpp"
#include "abi/sos_syscall.hpp"

namespace sostest {

struct Case {
    const char* id;
    bool (*run)();
    const char* text;
};

/// Prints what failed; returns false.
inline bool fail(const char* file, int line, const char* what) {
    const char* base = __builtin_strrchr(file, '/');
    printf("# %s:%d: %s (errno %d)\n", base != nullptr ? base + 1 : file, line, what, errno);
    return false;
}

#define CHECK(condition)                                                        \
    do {                                                                        \
        if (!(condition)) return sostest::fail(__FILE__, __LINE__, #condition); \
    } while (0)

/// A system call by its wire number: what it answers, undigested.
inline sos_reply_t call(abi::SosSyscall number, std::initializer_list<std::uint64_t> arguments) {
    return sos_call(static_cast<std::uint64_t>(number), static_cast<unsigned>(arguments.size()),
                    arguments.begin());
}

inline long error_of(abi::SosSyscall number, std::initializer_list<std::uint64_t> arguments) {
    return call(number, arguments).error;
}

inline std::uint64_t word(const void* pointer) {
    return reinterpret_cast<std::uint64_t>(pointer);
}

// One per file of cases.
extern const std::span<const Case> pointer_cases;
extern const std::span<const Case> argument_cases;
extern const std::span<const Case> file_cases;
extern const std::span<const Case> window_cases;
extern const std::span<const Case> behaviour_cases;
extern const std::span<const Case> memory_cases;
extern const std::span<const Case> sharing_cases;
extern const std::span<const Case> process_cases;
extern const std::span<const Case> elf_cases;
extern const std::span<const Case> time_cases;
extern const std::span<const Case> libc_cases;
extern const std::span<const Case> contract_cases;

}  // namespace sostest

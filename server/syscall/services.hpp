// SPDX-License-Identifier: BSD-2-Clause
// What system calls need from the root thread's side, filled in at boot.
#pragma once

#include <cstdint>

#include "abi/sos_file.hpp"

namespace sos::syscall {

struct Services {
    /// Microseconds since boot.
    std::uint64_t (*now_us)() = nullptr;
    /// What the clock of the day was at boot, in microseconds since 1970; 0 without one.
    std::uint64_t boot_time_us = 0;
    void (*count_resources)(abi::ResourceCount& counts) = nullptr;
    void (*count_server_memory)(abi::PagingCount& counts) = nullptr;
};

void set_services(const Services& given);
const Services& services();

}  // namespace sos::syscall

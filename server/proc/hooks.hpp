// SPDX-License-Identifier: BSD-2-Clause
// What proc needs from the folders above it. The root thread fills this in at boot.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "abi/sos_file.hpp"
#include "error.hpp"
#include "fs/client.hpp"
#include "proc/user_call.hpp"

namespace sos::proc {

class Process;

struct Hooks {
    /// Carries out a system call. The answer is not sent when the process is ending afterwards.
    UserReply (*system_call)(Process& process, const UserCall& call) = nullptr;
    /// Opens descriptors 1 and 2 on the console.
    Result<void> (*open_standard_files)(Process& process) = nullptr;
    void (*random)(std::span<std::byte> into) = nullptr;
    /// What a program needs to tell the time itself.
    abi::ClockOrigin (*clock_origin)() = nullptr;
    /// The system is up, and the first process is about to be made (in the PM server's thread).
    void (*starting)() = nullptr;
    /// init has ended with this exit status (or could not be started: 127) and no process is left.
    /// Runs on a handler thread, whose client it may use; does not return.
    void (*shutdown)(fs::Client& client, unsigned status) = nullptr;
};

}  // namespace sos::proc

// SPDX-License-Identifier: BSD-2-Clause
// The process management server: one thread that owns the process table and decides everything
// about the life and death of processes, sleep, waits and the console's queue (seed 6).
//
// It is an event loop and never blocks on anybody: a request that cannot be answered at once
// leaves its reply in the table `owed_`, one place for each process, and the process's Wait says
// what it waits for. It does no I/O and calls no other server. Handler threads are made here,
// parked here when their process has ended, used again, and deleted when they are more than are
// needed: their number depends on the number of live processes alone, so accounts come out even.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "abi/sos_file.hpp"
#include "error.hpp"
#include "fs/file_server.hpp"
#include "platform/boot_settings.hpp"
#include "proc/handler.hpp"
#include "proc/hooks.hpp"
#include "proc/pm_client.hpp"
#include "proc/process_table.hpp"
#include "thread/reply_pool.hpp"

namespace sos::proc {

/// Handler threads that exist even when fewer processes are alive: what a shell with its children
/// needs. Up to here, starting a process makes no thread.
inline constexpr std::size_t min_handlers = 4;
/// A thread is free again in the same step as its process's slot.
inline constexpr std::size_t max_handlers = max_processes;

struct Config {
    sel4::CPtr sched_control{};
    fs::TimerHooks timer{};
    Hooks hooks{};
    platform::SecondReader second_reader = platform::SecondReader::block;
    /// load_ntfn: init is started once it has been signalled.
    sel4::CPtr mounted_notification{};
    Result<JobPtr> (*make_init)() = nullptr;
};

/// Makes the server's objects and its thread, and the spare handler threads. Called once.
Result<void> start(Config&& config);

/// For abi::ResourceCount: at any time, from any thread.
struct Usage {
    std::uint64_t handler_threads;
    std::uint64_t processes;
    std::uint64_t sleeps;  // timeouts registered for processes
};
Usage usage();

}  // namespace sos::proc

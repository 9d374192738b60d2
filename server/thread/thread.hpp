// SPDX-License-Identifier: BSD-2-Clause
// Threads of the root task. Each has its own TCB, scheduling context (budget = period, so it is
// never postponed), stack with a guard page below, and one page that holds its IPC buffer and its
// TLS block. All share the root task's CSpace and VSpace.
//
// A ServerThread owns all of that: destroying it deletes the thread wherever it is blocked and
// gives everything back. Only a thread that holds no lock may be destroyed, so in practice one that
// is blocked in a call to the destroyer. A fault of such a thread goes to the server fault
// endpoint, which panics with registers and a backtrace.
#pragma once

#include <cstddef>
#include <cstdint>

#include "error.hpp"
#include "res/owned.hpp"
#include "res/server_pages.hpp"
#include "sel4/types.hpp"
#include "sync/thread_block.hpp"

namespace sos::thread {

namespace priority {
inline constexpr unsigned root = 254;
inline constexpr unsigned process_server = 253;
inline constexpr unsigned file_server = 252;
inline constexpr unsigned handler = 251;
inline constexpr unsigned user = 100;
}  // namespace priority

inline constexpr std::uint64_t time_slice_us = 10'000;

enum class Fpu { disabled, enabled };

struct ThreadConfig {
    const char* name;               // for fault reports; must outlive the thread
    void (*entry)(void* argument);  // must not return
    void* argument = nullptr;
    unsigned priority = priority::handler;
    std::size_t stack_pages = 4;  // without the guard
    Fpu fpu = Fpu::disabled;
};

class ServerThread {
  public:
    ServerThread() = default;

    sel4::CPtr tcb() const { return tcb_.cptr(); }
    bool valid() const { return tcb_.valid(); }

    /// Delivers the notification's word to this thread whenever it blocks on any endpoint.
    Result<void> bind_notification(sel4::CPtr notification);

  private:
    friend Result<ServerThread> spawn(const ThreadConfig&);

    // Destroyed from the last to the first: the TCB goes before what it uses.
    res::ServerPages stack_;
    res::ServerPages context_page_;  // IPC buffer, then TLS block
    res::OwnedSchedContext sched_context_;
    res::Slot fault_endpoint_;
    res::OwnedTcb tcb_;
};

/// What spawn() needs to know once: call it in the root thread before the first spawn().
struct Environment {
    sel4::CPtr fault_endpoint;  // receives faults of server threads; badge = address of ThreadBlock
    sel4::CPtr sched_control;
};
void init(const Environment& environment);

/// Makes a thread and starts it at once.
Result<ServerThread> spawn(const ThreadConfig& config);

/// For the thread that the kernel made: sets up TLS and its ThreadBlock. First thing in main.
void adopt_root_thread(abi::IpcBuffer* ipc_buffer);

}  // namespace sos::thread

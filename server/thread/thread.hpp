// SPDX-License-Identifier: BSD-2-Clause
// Threads of the root task. Each has its own TCB, scheduling context (budget = period, so it is
// never postponed) and memory: a stack with a guard page below it and, above it, one page with its
// IPC buffer and its TLS area. All share the root task's CSpace and VSpace.
//
// A ServerThread owns all of that: destroying it deletes the thread wherever it is blocked and
// gives everything back. Only a thread that holds no lock may be destroyed, so in practice one that
// is blocked in a call to the destroyer. A fault of such a thread goes to the server fault
// endpoint, whose reader panics with registers and a backtrace.
#pragma once

#include <cstddef>
#include <cstdint>

#include "abi/ipc_buffer.hpp"
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
/// What a program may compute before others have their turn, and what may be done for it
/// (turn.hpp).
inline constexpr std::uint64_t program_slice_us = 2'000;

enum class Fpu { disabled, enabled };

struct ThreadConfig {
    const char* name;               // for fault reports; must outlive the thread
    void (*entry)(void* argument);  // must not return
    void* argument = nullptr;
    unsigned priority = priority::handler;
    std::size_t stack_pages = 4;  // without the guard
    Fpu fpu = Fpu::disabled;
};

class [[nodiscard]] ServerThread {
  public:
    constexpr ServerThread() = default;

    sel4::CPtr tcb() const { return tcb_.cptr(); }
    sel4::CPtr sched_context() const { return sched_context_.cptr(); }
    bool valid() const { return tcb_.valid(); }

    /// The notification's word is delivered to the thread whenever it receives on an endpoint.
    Result<void> bind_notification(sel4::CPtr notification);

    /// Deletes the thread and frees what it had.
    void reset();

  private:
    friend Result<ServerThread> prepare(const ThreadConfig& config);

    // Destroyed from the last to the first: the TCB goes before what it uses.
    res::ServerPages memory_;
    res::OwnedSchedContext sched_context_;
    res::OwnedTcb tcb_;
};

/// What spawn() needs to know, set once by the root thread before the first spawn().
struct Environment {
    sel4::CPtr fault_endpoint;  // gets the faults of server threads (abi::sos_badge::server_fault)
    sel4::CPtr sched_control;
};
void init(const Environment& environment);

/// Makes a thread that does not run yet; start() lets it.
Result<ServerThread> prepare(const ThreadConfig& config);
Result<void> start(const ServerThread& thread);

/// Makes a thread and starts it.
Result<ServerThread> spawn(const ThreadConfig& config);

/// For the thread that the kernel made, as the first thing it does: TLS area and ThreadBlock.
void adopt_root_thread(abi::IpcBuffer* ipc_buffer);

/// The thread that a badge of the server fault endpoint names.
const ThreadBlock* faulting_thread(std::uint64_t badge);

}  // namespace sos::thread

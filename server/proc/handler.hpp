// SPDX-License-Identifier: BSD-2-Clause
// Handler: the thread of the server that serves one process: its system calls, its faults, its
// death. It waits on its own endpoint, with its notification bound for KILL.
//
//     park (call to the PM server) -> create -> serve ... -> tear down -> park
//
// It outlives processes: thread, endpoint, notification, reply object, the program's capability
// space (one endpoint capability, which a program cannot change), scheduling context and the frame
// of its address space are used again by the next one, so that all a process costs is its pages
// and a TCB.
#pragma once

#include <cstdint>
#include <optional>

#include "error.hpp"
#include "fs/client.hpp"
#include "proc/hooks.hpp"
#include "proc/pm_client.hpp"
#include "proc/process.hpp"
#include "res/owned.hpp"
#include "thread/thread.hpp"
#include "thread/turn.hpp"

namespace sos::proc {

class Handler final : private vm::PagingThread {
  public:
    struct Environment {
        sel4::CPtr pm_endpoint;
        sel4::CPtr sched_control;
        const Hooks* hooks;
    };

    /// Makes all that it needs, in pages of its own, and starts the thread, which parks at once.
    static Result<Handler*> make(std::uint32_t index, const Environment& environment);
    /// Requires that the thread is parked: blocked in its call to the caller.
    static void destroy(Handler* handler);

    // For the PM server.
    void signal_kill() {
        sel4::signal(kill_cap_.cptr());
        turn_.hurry();
    }
    /// Processor time of the program since the last call, in microseconds.
    std::uint64_t take_cpu_time();
    /// Of the process that it has at the moment.
    vm::MemoryUse memory_use() const { return space_.use(); }

  private:
    explicit Handler(const Environment& environment);
    Result<void> init(std::uint32_t index, const Environment& environment);
    Result<void> make_program_space();

    static void thread_entry(void* self);
    [[noreturn]] void loop();
    void run_process(Assignment& assignment);
    Result<void> create(Process& process, Assignment& assignment);
    void serve(Process& process);
    void handle_fault(Process& process, const sel4::Received& message);
    static bool end_if_doomed(Process& process);

    // The thread as one that waits for pages.
    void sleep() override;
    void wake() override;
    void pause() override;
    bool ended() const override;

    static constexpr unsigned cspace_bits = 2;
    static constexpr std::size_t stack_pages = 3;  // three times what tests have seen used

    const Hooks& hooks_;
    res::ServerPages pages_;  // where this object itself is
    fs::Client file_client_;
    PmClient pm_;
    vm::AddressSpace space_{this};
    fs::FdTable files_;
    WorkingDirectory directory_;

    // Destroyed from the last to the first: the thread before what it uses, copies before objects.
    res::OwnedEndpoint endpoint_;
    res::OwnedNotification notification_;
    res::OwnedReply reply_;
    res::OwnedSchedContext user_sched_context_;
    res::OwnedCNode user_cspace_;
    res::Slot fault_cap_;
    res::Slot kill_cap_;
    res::Slot wake_cap_;
    res::Slot pm_cap_;
    thread::ServerThread thread_;
    thread::Turn turn_;

    ProcessId id_ = no_process;  // until the process is torn down
    std::optional<Process> process_;
    std::uint64_t wait_status_ = 0;  // of the process that ended last
    Result<void> creation_{};        // why it could not be created
};

}  // namespace sos::proc

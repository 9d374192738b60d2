// SPDX-License-Identifier: BSD-2-Clause
// Process: what one program has while it lives: address space, descriptors, working directory, and
// its thread. It belongs to its handler thread alone.
//
// Creation happens here, on the new process's own handler thread, since it reads the ELF file and
// waits for it. tear_down() takes everything apart in a fixed order; it may be called on a process
// that is only half made, and creation that fails ends in it too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "abi/sos_file.hpp"
#include "abi/sos_syscall.hpp"
#include "elf/loader.hpp"
#include "error.hpp"
#include "fs/client.hpp"
#include "fs/fd_table.hpp"
#include "proc/create_job.hpp"
#include "proc/hooks.hpp"
#include "proc/pm_client.hpp"
#include "proc/process_id.hpp"
#include "proc/slot_words.hpp"
#include "proc/window_page.hpp"
#include "proc/working_directory.hpp"
#include "res/owned.hpp"
#include "thread/turn.hpp"
#include "vm/address_space.hpp"

namespace sos::proc {

/// What a process borrows from its handler thread, which keeps it for the next one. (Address space
/// and descriptors are empty between two processes; they lie here because they are large, and so
/// that the PM server may ask for the memory in use at any time.)
struct HandlerParts {
    vm::AddressSpace& space;
    fs::FdTable& files;
    fs::Client& file_client;
    PmClient& pm;
    thread::Turn& turn;
    sel4::CPtr cspace;          // CNode whose slot 1 is the endpoint for system calls
    std::uint64_t cspace_data;  // its guard
    sel4::CPtr fault_endpoint;
    sel4::CPtr sched_context;
    WorkingDirectory& directory;
};

class Process {
  public:
    Process(ProcessId id, const HandlerParts& parts) : id_(id), parts_(parts) {}
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process() { tear_down(); }

    /// Builds everything up to a thread that is ready to run.
    Result<void> create(CreateJob& job, const Hooks& hooks);
    Result<void> run();
    void tear_down();

    ProcessId id() const { return id_; }
    vm::AddressSpace& space() { return parts_.space; }
    fs::FdTable& files() { return parts_.files; }
    fs::Client& file_client() { return parts_.file_client; }
    PmClient& pm() { return parts_.pm; }
    const HandlerParts& parts() const { return parts_; }
    sel4::CPtr tcb() const { return tcb_.cptr(); }
    std::string_view command() const { return command_; }

    /// The working directory: absolute, normalised.
    std::string_view directory() const { return parts_.directory.path(); }
    Result<void> set_directory(std::string_view path) { return parts_.directory.set(path); }

    /// The working directory, open while a program reads its entries by number.
    fs::FileRef& listing() { return listing_; }

    /// The records of windows on files.
    WindowPage& windows() { return windows_; }

    /// The process ends when the present system call or fault has been dealt with.
    void finish(std::uint64_t wait_status) {
        ending_ = true;
        wait_status_ = wait_status;
    }
    /// Is it to end, by its own doing or killed by another?
    bool ending() {
        if (ending_) return true;
        if (const std::uint32_t signal = kill_signal(id_); signal != 0) {
            finish(abi::wait_status_killed(signal));
        }
        return ending_;
    }
    /// Has it been found to be ending? Less work than ending(), for after every system call: a kill
    /// that nobody has seen yet is announced by a notification that is still there.
    bool found_ending() const { return ending_; }
    std::uint64_t wait_status() const { return wait_status_; }

    /// Between two pieces of work, while nothing is held: lets others have their turns when the
    /// process has used its own. It may be ending() after that.
    void end_turn_if_over() {
        parts_.turn.end_if_over([this] { return kill_signal(id_) != 0; });
    }

  private:
    Result<elf::LoadedImage> load(CreateJob& job);
    Result<elf::LoadedImage> load(CreateJob& job, fs::Known known);
    Result<void> make_thread(base::VAddr entry, base::VAddr stack_pointer);

    ProcessId id_;
    HandlerParts parts_;
    fs::FileRef executable_;  // open as long as pages may be read from it
    fs::FileRef listing_;
    WindowPage windows_;
    res::OwnedTcb tcb_;
    bool ending_ = false;
    std::uint64_t wait_status_ = 0;
    char command_[32] = {};
};

}  // namespace sos::proc

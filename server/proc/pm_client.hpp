// SPDX-License-Identifier: BSD-2-Clause
// How a handler thread asks the PM server for something: one IPC call each, which blocks until the
// answer is there. A call of a process that is being killed ends with `cancelled`, at once or when
// the kill comes.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "abi/sos_file.hpp"
#include "error.hpp"
#include "proc/create_job.hpp"
#include "proc/process_id.hpp"
#include "proc/process_table.hpp"
#include "sel4/syscalls.hpp"

namespace sos::proc {

/// Labels of messages to the PM server. Message register 0 and up: arguments in the order of the
/// functions below. Replies: label 0, or 1 + Error.
enum class PmCall : std::uint64_t {
    park = 1,
    create,
    created,
    kill,
    wait,
    sleep,
    list,
    parent,
    set_foreground,
    acquire_console,
    release_console,
    await_event,
};

/// Things of the console that processes wait for.
enum class Event : std::uint64_t { input, output };

struct Assignment {
    JobPtr job;
    ProcessId id;
};

struct ListPart {
    std::size_t count;      // entries filled
    std::int64_t next_pid;  // where to go on; -1 at the end
};

enum class Blocking : std::uint64_t { no, yes };

class PmClient {
  public:
    /// `endpoint`: a cap of pm_ep whose badge names the calling handler thread.
    explicit PmClient(sel4::CPtr endpoint) : endpoint_(endpoint) {}

    /// The handler's process (if it had one) is torn down: its wait status, and why it could not be
    /// created, if that is how it ended. Returns with the next work.
    Assignment park(std::uint64_t wait_status, Result<void> creation);

    /// Makes a child; its pid once it runs. The job is used up, whatever the outcome.
    Result<std::int64_t> create(JobPtr job);
    /// The process is ready to run.
    Result<void> created();

    Result<void> kill(std::int64_t pid);
    /// `pid` -1: any child. would_block: Blocking::no and none has ended.
    struct Waited {
        std::int64_t pid;
        std::uint64_t wait_status;
    };
    Result<Waited> wait(std::int64_t pid, WaitScope scope, Blocking blocking);
    Result<void> sleep(std::uint64_t microseconds);
    /// Processes with a pid of at least `first`, in order.
    Result<ListPart> list(std::int64_t first, std::span<abi::ProcessInfo> into);
    /// -1: none, or it has ended.
    Result<std::int64_t> parent();
    /// The child that ^C kills; -1: none.
    Result<void> set_foreground(std::int64_t pid);

    /// The right to read the console; waits for it or fails with would_block, or `busy` (see
    /// Config::second_reader).
    Result<void> acquire_console(Blocking blocking);
    void release_console();
    /// Returns when event_count(event) is not `seen` any more. Nothing is held meanwhile: the
    /// caller looks again.
    Result<void> await_event(Event event, std::uint64_t seen);

  private:
    sel4::Received call(PmCall label, sel4::Words words = {}, unsigned length = 4);

    sel4::CPtr endpoint_;
};

/// How often an event has been raised.
std::uint64_t event_count(Event event);
/// Any thread, after changing what those who wait for Event::input look at: wakes them.
void raise_input();
/// The same for Event::output and one process, by its slot: nobody else has anything to look at.
void wake_writer(std::uint32_t slot);

/// Any thread: ^C was typed. False when there is nobody whom it would end (the byte is then
/// ordinary input): no process in the foreground, nor one that keeps the console from a process
/// that was there before it.
bool raise_interrupt_key();

}  // namespace sos::proc

// SPDX-License-Identifier: BSD-2-Clause
// The process table: which slots are in use, who is whose parent, who waits for what, and what is
// owed to whom when a process ends. It belongs to the PM server's thread alone and is pure
// bookkeeping: no kernel calls, no replies, so all of its rules can be tested on the host.
//
//            allocate          start             end
//      free ----------> creating ------> running ----> zombie --reap--> free
//                          |    \          |  |           ^
//                          |     \ kill    |  | kill      | end, parent lives and was not told
//                     end  |      +--> dying <+-----------+
//                          v                 \ end, nobody to tell
//                        free                 +--> free
//
// Invariants: a process of state creating, running or dying has a handler thread at work; a zombie
// or free one has none. A zombie's parent lives. Each process waits for at most one thing.
//
// Starting and ending a process costs the same however many there are: an entry counts its children
// and those who wait for it by name, and all are looked through only when there are any.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "abi/sos_file.hpp"
#include "error.hpp"
#include "proc/process_id.hpp"

namespace sos::proc {

using abi::ProcessState;

/// Which changes of state there are; everything else is a bug.
constexpr bool transition_allowed(ProcessState from, ProcessState to) {
    switch (from) {
        case ProcessState::free:
            return to == ProcessState::creating;
        case ProcessState::creating:
            return to == ProcessState::running || to == ProcessState::dying ||
                   to == ProcessState::free;
        case ProcessState::running:
            return to == ProcessState::dying || to == ProcessState::zombie ||
                   to == ProcessState::free;
        case ProcessState::dying:
            return to == ProcessState::zombie || to == ProcessState::free;
        case ProcessState::zombie:
            return to == ProcessState::free;
    }
    return false;
}

enum class WaitKind : std::uint8_t {
    none,
    sleep,          // for `timeout`
    child,          // for `target` to end, or for any child when target is no process
    killed,         // for `target`, which it killed, to be gone
    creation,       // for `target`, which it creates, to run
    device,         // for the console to be free
    console_input,  // for bytes of the console
    console_space,  // for room in the console's transmit queue
};

struct Wait {
    WaitKind kind = WaitKind::none;
    ProcessId target = no_process;
    std::uint64_t until_us = 0;    // sleep: when it is over
    std::uint64_t timeout_id = 0;  // sleep: of the timer service
    std::uint64_t order = 0;       // device: who came first
};

enum class WaitScope { children, anyone };

struct Ended {
    ProcessId id;
    std::uint64_t wait_status;
};

struct ProcessEntry {
    ProcessState state = ProcessState::free;
    bool ran = false;  // it got as far as running
    std::uint32_t generation = 0;
    std::uint32_t handler = ~0u;  // index of its handler thread
    ProcessId parent = no_process;
    std::uint32_t children = 0;         // entries whose parent it is, zombies too
    std::uint32_t watchers = 0;         // processes that wait for it by name
    ProcessId foreground = no_process;  // the child that it has put in the foreground
    Wait wait;                          // changed by begin_wait and end_wait only
    std::uint64_t wait_status = 0;      // of a zombie
    std::uint64_t start_us = 0;
    std::uint64_t cpu_time_us = 0;  // of the program, as read so far
    std::uint64_t ended_order = 0;  // zombies: which ended first
    char command[32] = {};

    bool alive() const { return state != ProcessState::free && state != ProcessState::zombie; }
};

class ProcessTable {
  public:
    constexpr ProcessTable() = default;

    /// Takes the lowest free slot. When none is free the oldest zombie is dropped, unreported.
    /// limit_reached when all 512 are alive.
    Result<ProcessId> allocate(ProcessId parent, std::string_view command, std::uint64_t now_us);
    void start(ProcessId id);

    /// Null when there is no such process (any more).
    ProcessEntry* find(ProcessId id);
    /// The present process with this pid; no_process when the slot is free or the pid absurd.
    ProcessId by_pid(std::int64_t pid) const;
    /// Requires that `id` names a present process.
    ProcessEntry& entry(ProcessId id);
    ProcessId id_of(const ProcessEntry& entry) const;
    bool alive(ProcessId id);

    /// What the process waits for from now on, and that it waits no longer.
    void begin_wait(ProcessId self, const Wait& wait);
    void end_wait(ProcessEntry& entry);

    /// Marks a live process as dying. False when it was dying already.
    bool begin_kill(ProcessId id);

    /// Reports a child (or, with WaitScope::anyone, any process) that has ended: nothing when the
    /// caller has to wait, no_child when there is nothing to wait for.
    Result<std::optional<Ended>> reap(ProcessId self, std::int64_t pid, WaitScope scope);
    /// What `self` waits for when reap() gave nothing for `pid`.
    ProcessId wait_target(std::int64_t pid) const { return pid == -1 ? no_process : by_pid(pid); }

    /// The process has been torn down. Calls tell(waiter, kind) for each process that waited for it
    /// (wait kinds child and killed), after clearing its wait; orphans its children.
    template <typename Tell>
    void end(ProcessId id, std::uint64_t wait_status, Tell&& tell);

    /// Calls visit(entry, id) for every slot that is not free, in order of pid.
    template <typename Visit>
    void for_each(Visit&& visit);

    /// The process that has waited longest for the console, or no_process.
    ProcessId first_in_device_queue();
    std::uint64_t next_order() { return ++order_; }

    std::size_t alive_count() const { return alive_count_; }

  private:
    ProcessEntry* watched_by(const ProcessEntry& entry);
    void set_state(ProcessEntry& entry, ProcessState to);
    void disown_children(ProcessEntry& parent, ProcessId parent_id);
    void release(ProcessEntry& entry);
    bool drop_oldest_zombie();
    std::optional<std::uint32_t> lowest_free() const;

    std::array<ProcessEntry, max_processes> entries_{};
    std::array<std::uint64_t, max_processes / 64> used_{};  // a bit for each slot not free
    std::uint64_t order_ = 0;
    std::size_t alive_count_ = 0;
};

template <typename Visit>
void ProcessTable::for_each(Visit&& visit) {
    for (std::size_t word = 0; word < used_.size(); ++word) {
        std::uint64_t left = used_[word];
        while (left != 0) {
            const auto bit = static_cast<std::size_t>(__builtin_ctzll(left));
            left &= left - 1;
            ProcessEntry& entry = entries_[word * 64 + bit];
            visit(entry, id_of(entry));
        }
    }
}

template <typename Tell>
void ProcessTable::end(ProcessId id, std::uint64_t wait_status, Tell&& tell) {
    ProcessEntry& ended = entry(id);
    ASSERT(ended.alive() && ended.wait.kind == WaitKind::none);
    // Whoever made a process that never ran is told by the failure of the creation instead.
    bool reported = !ended.ran || !alive(ended.parent);
    const auto notify = [&](ProcessEntry& waiter, ProcessId waiter_id) {
        const WaitKind kind = waiter.wait.kind;
        if (waiter_id == ended.parent && kind == WaitKind::child) reported = true;
        end_wait(waiter);
        tell(waiter_id, kind);
    };
    ProcessEntry* const parent = find(ended.parent);
    if (parent != nullptr && parent->wait.kind == WaitKind::child && !parent->wait.target.valid()) {
        notify(*parent, ended.parent);
    }
    if (ended.watchers > 0) {
        for_each([&](ProcessEntry& other, ProcessId other_id) {
            if (watched_by(other) == &ended) notify(other, other_id);
        });
    }
    if (ended.children > 0) disown_children(ended, id);
    if (reported) {
        release(ended);
        return;
    }
    ended.wait_status = wait_status;
    ended.ended_order = next_order();
    set_state(ended, ProcessState::zombie);
}

}  // namespace sos::proc

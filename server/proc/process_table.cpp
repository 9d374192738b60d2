// SPDX-License-Identifier: BSD-2-Clause
#include "proc/process_table.hpp"

#include <algorithm>

namespace sos::proc {

namespace {

bool is_alive(ProcessState state) {
    return state != ProcessState::free && state != ProcessState::zombie;
}

}  // namespace

void ProcessTable::set_state(ProcessEntry& entry, ProcessState to) {
    ASSERT(transition_allowed(entry.state, to));
    if (!is_alive(entry.state) && is_alive(to)) ++alive_count_;
    if (is_alive(entry.state) && !is_alive(to)) --alive_count_;
    entry.state = to;
}

ProcessId ProcessTable::id_of(const ProcessEntry& entry) const {
    return {static_cast<std::uint32_t>(&entry - entries_.data()), entry.generation};
}

ProcessEntry* ProcessTable::find(ProcessId id) {
    if (!id.valid()) return nullptr;
    ProcessEntry& entry = entries_[id.slot];
    if (entry.state == ProcessState::free || entry.generation != id.generation) return nullptr;
    return &entry;
}

ProcessId ProcessTable::by_pid(std::int64_t pid) const {
    if (pid < 0 || pid >= static_cast<std::int64_t>(max_processes)) return no_process;
    const ProcessEntry& entry = entries_[static_cast<std::size_t>(pid)];
    return entry.state == ProcessState::free ? no_process : id_of(entry);
}

ProcessEntry& ProcessTable::entry(ProcessId id) {
    ProcessEntry* found = find(id);
    ASSERT(found != nullptr);
    return *found;
}

bool ProcessTable::alive(ProcessId id) {
    const ProcessEntry* found = find(id);
    return found != nullptr && found->alive();
}

std::optional<std::uint32_t> ProcessTable::lowest_free() const {
    for (std::size_t word = 0; word < used_.size(); ++word) {
        if (~used_[word] == 0) continue;
        const auto bit = static_cast<std::size_t>(__builtin_ctzll(~used_[word]));
        return static_cast<std::uint32_t>(word * 64 + bit);
    }
    return std::nullopt;
}

bool ProcessTable::drop_oldest_zombie() {
    ProcessEntry* oldest = nullptr;
    for_each([&](ProcessEntry& entry, ProcessId) {
        if (entry.state != ProcessState::zombie) return;
        if (oldest == nullptr || entry.ended_order < oldest->ended_order) oldest = &entry;
    });
    if (oldest == nullptr) return false;
    release(*oldest);
    return true;
}

Result<ProcessId> ProcessTable::allocate(ProcessId parent, std::string_view command,
                                         std::uint64_t now_us) {
    std::optional<std::uint32_t> slot = lowest_free();
    if (!slot && drop_oldest_zombie()) slot = lowest_free();
    if (!slot) return std::unexpected(Error::limit_reached);
    ProcessEntry& fresh = entries_[*slot];
    const std::uint32_t generation = fresh.generation + 1;
    fresh = ProcessEntry{};
    fresh.generation = generation;
    fresh.parent = parent;
    if (ProcessEntry* const creator = find(parent)) ++creator->children;
    fresh.start_us = now_us;
    const std::size_t length = std::min(command.size(), sizeof fresh.command - 1);
    std::copy_n(command.begin(), length, fresh.command);
    set_state(fresh, ProcessState::creating);
    used_[*slot / 64] |= std::uint64_t{1} << (*slot % 64);
    return id_of(fresh);
}

void ProcessTable::start(ProcessId id) {
    set_state(entry(id), ProcessState::running);
    entry(id).ran = true;
}

void ProcessTable::release(ProcessEntry& entry) {
    const ProcessId id = id_of(entry);
    if (ProcessEntry* const parent = find(entry.parent)) --parent->children;
    set_state(entry, ProcessState::free);
    used_[id.slot / 64] &= ~(std::uint64_t{1} << (id.slot % 64));
}

/// The entry that a process waits for by name; null when it waits for nothing of the kind.
ProcessEntry* ProcessTable::watched_by(const ProcessEntry& entry) {
    const WaitKind kind = entry.wait.kind;
    if (kind != WaitKind::child && kind != WaitKind::killed) return nullptr;
    return find(entry.wait.target);
}

void ProcessTable::begin_wait(ProcessId self, const Wait& wait) {
    ProcessEntry& waiter = entry(self);
    ASSERT(waiter.wait.kind == WaitKind::none);
    waiter.wait = wait;
    if (ProcessEntry* const watched = watched_by(waiter)) ++watched->watchers;
}

void ProcessTable::end_wait(ProcessEntry& entry) {
    if (ProcessEntry* const watched = watched_by(entry)) --watched->watchers;
    entry.wait = {};
}

/// The children of a process that ends belong to nobody; those that ended before it are gone.
void ProcessTable::disown_children(ProcessEntry& parent, ProcessId parent_id) {
    for_each([&](ProcessEntry& child, ProcessId) {
        if (child.parent != parent_id) return;
        if (child.state == ProcessState::zombie) {
            release(child);
            return;
        }
        child.parent = no_process;
        --parent.children;
    });
    ASSERT(parent.children == 0);
}

bool ProcessTable::begin_kill(ProcessId id) {
    ProcessEntry& victim = entry(id);
    ASSERT(victim.alive());
    if (victim.state == ProcessState::dying) return false;
    set_state(victim, ProcessState::dying);
    return true;
}

Result<std::optional<Ended>> ProcessTable::reap(ProcessId self, std::int64_t pid, WaitScope scope) {
    bool something_to_wait_for = false;
    ProcessEntry* first = nullptr;  // the child that ended first
    const auto consider = [&](ProcessEntry& other) {
        const bool is_child = other.parent == self;
        if (other.state == ProcessState::zombie) {
            if (!is_child) return;
            if (first == nullptr || other.ended_order < first->ended_order) first = &other;
        } else if (is_child || (scope == WaitScope::anyone && pid != -1)) {
            something_to_wait_for = true;
        }
    };
    if (pid == -1) {
        if (entry(self).children == 0) return std::unexpected(Error::no_child);
        for_each([&](ProcessEntry& other, ProcessId) { consider(other); });
    } else {
        const ProcessId target = by_pid(pid);
        if (!target.valid() || target == self) return std::unexpected(Error::no_child);
        consider(entry(target));
    }
    if (first != nullptr) {
        const Ended ended{id_of(*first), first->wait_status};
        release(*first);
        return ended;
    }
    if (!something_to_wait_for) return std::unexpected(Error::no_child);
    return std::nullopt;
}

ProcessId ProcessTable::first_in_device_queue() {
    ProcessEntry* first = nullptr;
    for_each([&](ProcessEntry& entry, ProcessId) {
        if (entry.wait.kind != WaitKind::device) return;
        if (first == nullptr || entry.wait.order < first->wait.order) first = &entry;
    });
    return first == nullptr ? no_process : id_of(*first);
}

}  // namespace sos::proc

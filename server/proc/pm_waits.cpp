// SPDX-License-Identifier: BSD-2-Clause
// What the PM server makes processes wait for: sleep, the console's queue, console events; and what
// it tells about them.
#include <algorithm>
#include <cstring>

#include "abi/sos_badge.hpp"
#include "proc/pm_state.hpp"

namespace sos::proc {

namespace {

constinit std::atomic<std::uint64_t> event_counts[2] = {};

std::atomic<std::uint64_t>& counter(Event event) {
    return event_counts[event == Event::input ? 0 : 1];
}

// The PM server's notification, one capability for each badge.
struct SignalCaps {
    res::Slot timer, input, output, interrupt_key;
};
constinit SignalCaps signals{};

}  // namespace

Result<void> make_signal_caps(sel4::CPtr notification) {
    const auto cap = [&](std::uint64_t badge) {
        return res::mint(notification, abi::rights::write, badge);
    };
    signals.timer = TRY(cap(abi::sos_badge::timer));
    signals.input = TRY(cap(abi::sos_badge::input));
    signals.output = TRY(cap(abi::sos_badge::output));
    signals.interrupt_key = TRY(cap(abi::sos_badge::interrupt_key));
    return {};
}

std::uint64_t event_count(Event event) {
    return counter(event).load(std::memory_order_acquire);
}

void raise_input() {
    counter(Event::input).fetch_add(1, std::memory_order_release);
    sel4::signal(signals.input.cptr());
}

// The count tells who is about to wait, the note who waits already.
void wake_writer(std::uint32_t slot) {
    counter(Event::output).fetch_add(1, std::memory_order_release);
    pm_server.note_writer(slot);
    sel4::signal(signals.output.cptr());
}

bool raise_interrupt_key() {
    if (!pm_server.interrupt_key_wanted()) return false;
    sel4::signal(signals.interrupt_key.cptr());
    return true;
}

void PmServer::on_sleep(ProcessId self, std::uint64_t microseconds, thread::ReplyToken reply) {
    if (microseconds == 0) {
        answer(std::move(reply));
        return;
    }
    // Runs in the root thread, which only leaves a note.
    const auto note = [](std::uint32_t, void* slot) {
        pm_server.timeout_passed(
            static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(slot)));
    };
    const std::uint64_t now = config_.timer.now_us();
    const std::uint64_t until = microseconds > ~now ? ~std::uint64_t{0} : now + microseconds;
    const Result<std::uint32_t> timeout = config_.timer.register_timeout(
        microseconds, note, reinterpret_cast<void*>(std::uintptr_t{self.slot}));
    if (!timeout) {
        answer_error(std::move(reply), timeout.error());
        return;
    }
    sleep_count_.fetch_add(1, std::memory_order_relaxed);
    block(self, {.kind = WaitKind::sleep, .until_us = until, .timeout_id = *timeout},
          std::move(reply));
}

void PmServer::timeout_passed(std::uint32_t slot) {
    due_[slot / 64].fetch_or(std::uint64_t{1} << (slot % 64), std::memory_order_release);
    sel4::signal(signals.timer.cptr());
}

/// Those whose sleep is over, according to the notes and the time, into `due_sleeps_`.
std::span<PmServer::DueSleep> PmServer::collect_due_sleeps() {
    const std::uint64_t now = config_.timer.now_us();
    std::size_t count = 0;
    for (std::size_t word = 0; word < due_.size(); ++word) {
        std::uint64_t bits = due_[word].exchange(0, std::memory_order_acquire);
        for (; bits != 0; bits &= bits - 1) {
            const auto slot = static_cast<std::int64_t>(word * 64) + __builtin_ctzll(bits);
            const ProcessId id = table_.by_pid(slot);
            const ProcessEntry* const entry = table_.find(id);
            // The note may be of a sleep that was cancelled, and the slot another process's now.
            if (entry == nullptr || entry->wait.kind != WaitKind::sleep) continue;
            if (entry->wait.until_us <= now) due_sleeps_[count++] = {entry->wait.until_us, id};
        }
    }
    return {due_sleeps_.data(), count};
}

/// In the order of their times, though several may have come since the last look.
void PmServer::wake_sleepers() {
    const std::span<DueSleep> due = collect_due_sleeps();
    std::ranges::sort(due, {}, &DueSleep::until_us);
    for (const DueSleep& sleep : due) {
        table_.end_wait(*table_.find(sleep.id));
        sleep_count_.fetch_sub(1, std::memory_order_relaxed);
        answer(take_owed(sleep.id));
    }
}

void PmServer::on_acquire_console(ProcessId self, Blocking blocking, thread::ReplyToken reply) {
    if (!console_owner_.valid()) {
        console_owner_ = self;
        answer(std::move(reply));
    } else if (console_owner_ == self) {  // who waits for itself waits for ever
        answer_error(std::move(reply), Error::busy);
        return;
    } else if (config_.second_reader == platform::SecondReader::refuse) {
        refused_ = self;
        answer_error(std::move(reply), Error::busy);
    } else if (blocking == Blocking::no) {
        refused_ = self;  // who may be about to ask again, and wait
        answer_error(std::move(reply), Error::would_block);
    } else {
        block(self, {.kind = WaitKind::device, .order = table_.next_order()}, std::move(reply));
    }
    watch_interrupt_key();
}

void PmServer::on_release_console(ProcessId self) {
    if (console_owner_ != self) return;
    refused_ = no_process;
    console_owner_ = table_.first_in_device_queue();
    if (console_owner_.valid()) {
        table_.end_wait(table_.entry(console_owner_));
        answer(take_owed(console_owner_));
    }
    watch_interrupt_key();
}

void PmServer::on_await_event(ProcessId self, Event event, std::uint64_t seen,
                              thread::ReplyToken reply) {
    // Raised since the caller looked: it looks again. (A later one comes as a signal.)
    if (event_count(event) != seen) {
        answer(std::move(reply));
        return;
    }
    const WaitKind kind = event == Event::input ? WaitKind::console_input : WaitKind::console_space;
    block(self, {.kind = kind}, std::move(reply));
}

/// There is one reader at most.
void PmServer::wake_readers() {
    ProcessEntry* const reader = table_.find(console_owner_);
    if (reader == nullptr || reader->wait.kind != WaitKind::console_input) return;
    table_.end_wait(*reader);
    answer(take_owed(console_owner_));
}

void PmServer::note_writer(std::uint32_t slot) {
    writers_[slot / 64].fetch_or(std::uint64_t{1} << (slot % 64), std::memory_order_release);
}

void PmServer::wake_writers() {
    for (std::size_t word = 0; word < writers_.size(); ++word) {
        std::uint64_t bits = writers_[word].exchange(0, std::memory_order_acquire);
        for (; bits != 0; bits &= bits - 1) {
            const auto slot = static_cast<std::int64_t>(word * 64) + __builtin_ctzll(bits);
            const ProcessId id = table_.by_pid(slot);
            ProcessEntry* const entry = table_.find(id);
            if (entry == nullptr || entry->wait.kind != WaitKind::console_space) continue;
            table_.end_wait(*entry);
            answer(take_owed(id));
        }
    }
}

void PmServer::on_set_foreground(ProcessId self, std::int64_t pid, thread::ReplyToken reply) {
    const ProcessId target = table_.by_pid(pid);
    if (pid != -1 && (!table_.alive(target) || table_.entry(target).parent != self)) {
        answer_error(std::move(reply), Error::no_child);
        return;
    }
    table_.entry(self).foreground = target;
    watch_interrupt_key();
    answer(std::move(reply));
}

/// The child that init has put in the foreground, or what that has put there in turn, and so on: a
/// shell in the background has no say in it.
ProcessId PmServer::foreground() {
    ProcessId innermost = no_process;
    for (const ProcessEntry* entry = table_.find(init_); entry != nullptr;) {
        const ProcessId next = entry->foreground;
        if (!table_.alive(next)) break;
        innermost = next;
        entry = table_.find(next);
    }
    return innermost;
}

/// Whom ^C ends now: the process in the foreground; when there is none, the console's reader if a
/// process waits for the console that was there before it. So a shell gets the console back from
/// its own background programs, and is never ended itself.
ProcessId PmServer::interrupt_target() {
    if (const ProcessId innermost = foreground(); innermost.valid()) return innermost;
    const ProcessEntry* const owner = table_.find(console_owner_);
    if (owner == nullptr || owner->state == ProcessState::dying) return no_process;
    const auto was_there_before = [&](const ProcessEntry& entry) {
        return entry.alive() && entry.start_us < owner->start_us;
    };
    const ProcessEntry* const refused = table_.find(refused_);
    bool in_the_way = refused != nullptr && was_there_before(*refused);
    table_.for_each([&](const ProcessEntry& entry, ProcessId) {
        if (entry.wait.kind == WaitKind::device) in_the_way |= was_there_before(entry);
    });
    return in_the_way ? console_owner_ : no_process;
}

void PmServer::watch_interrupt_key() {
    key_wanted_.store(interrupt_target().valid(), std::memory_order_release);
}

void PmServer::on_interrupt_key() {
    const ProcessId target = interrupt_target();
    if (!target.valid()) return;
    begin_kill(target, abi::signals::interrupt);
    watch_interrupt_key();
}

/// A process that is being killed waits no longer.
void PmServer::cancel_wait(ProcessId id) {
    ProcessEntry& entry = table_.entry(id);
    const Wait& wait = entry.wait;
    if (wait.kind == WaitKind::none) return;
    if (wait.kind == WaitKind::sleep) {
        config_.timer.remove(static_cast<std::uint32_t>(wait.timeout_id));
        sleep_count_.fetch_sub(1, std::memory_order_relaxed);
    }
    const bool in_queue = wait.kind == WaitKind::device;
    table_.end_wait(entry);
    if (in_queue) watch_interrupt_key();
    answer_error(take_owed(id), Error::cancelled);
}

void PmServer::on_list(std::int64_t first, std::uint64_t into, std::uint64_t capacity,
                       thread::ReplyToken reply) {
    auto* const infos = reinterpret_cast<abi::ProcessInfo*>(into);
    std::size_t count = 0;
    std::int64_t next = -1;
    table_.for_each([&](ProcessEntry& entry, ProcessId id) {
        if (id.pid() < first || next != -1) return;
        if (count == capacity) {
            next = id.pid();
            return;
        }
        vm::MemoryUse memory{};  // one that has ended has none
        if (entry.alive()) {
            Handler& handler = *handlers_[entry.handler].handler;
            entry.cpu_time_us += handler.take_cpu_time();
            memory = handler.memory_use();
        }
        abi::ProcessInfo info{};
        info.pid = static_cast<std::int32_t>(id.pid());
        info.parent = static_cast<std::int32_t>(entry.parent.pid());
        info.state = entry.state;
        info.resident_pages = memory.resident_pages;
        info.paged_out_pages = memory.paged_out_pages;
        info.page_table_pages = memory.page_table_pages;
        info.start_us = entry.start_us;
        info.cpu_time_us = entry.cpu_time_us;
        std::memcpy(info.command, entry.command, sizeof info.command);
        infos[count++] = info;
    });
    answer(std::move(reply), count, static_cast<std::uint64_t>(next));
}

}  // namespace sos::proc

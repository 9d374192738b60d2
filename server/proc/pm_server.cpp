// SPDX-License-Identifier: BSD-2-Clause
#include "proc/pm_server.hpp"

#include <utility>

#include "abi/sos_badge.hpp"
#include "log/log.hpp"
#include "proc/describe.hpp"
#include "proc/pm_state.hpp"
#include "proc/slot_words.hpp"

namespace sos::proc {

namespace {

/// What a shell says of a program that it does not find.
constexpr unsigned status_not_found = 127;

}  // namespace

constinit PmServer pm_server;

void answer(thread::ReplyToken reply, std::uint64_t first, std::uint64_t second) {
    reply.send(abi::MessageInfo::make(0, 2), {{first, second}});
}

void answer_error(thread::ReplyToken reply, Error error) {
    reply.send(abi::MessageInfo::make(1 + static_cast<std::uint64_t>(error), 0));
}

void answer_result(thread::ReplyToken reply, const Result<void>& result) {
    if (result) {
        answer(std::move(reply));
    } else {
        answer_error(std::move(reply), result.error());
    }
}

Result<void> start(Config&& config) {
    return pm_server.init(std::move(config));
}

Usage usage() {
    return pm_server.usage();
}

void PmServer::block(ProcessId self, const Wait& wait, thread::ReplyToken reply) {
    ASSERT(!owed_[self.slot].owed());
    table_.begin_wait(self, wait);
    owed_[self.slot] = std::move(reply);
}

thread::ReplyToken PmServer::take_owed(ProcessId id) {
    return std::move(owed_[id.slot]);
}

void PmServer::run() {
    while (idle_count_ < min_handlers) serve_one();
    sel4::wait(config_.mounted_notification);
    start_init();
    for (;;) serve_one();
}

void PmServer::serve_one() {
    publish_usage();
    const sel4::Received message = sel4::recv(endpoint_.cptr(), replies_.receive_object());
    const std::uint64_t badge = message.badge.raw();
    if ((badge & abi::sos_badge::kind_mask) == abi::sos_badge::handler) {
        on_message(static_cast<std::uint32_t>(badge & abi::sos_badge::argument_mask),
                   static_cast<PmCall>(message.info.label()), message.words,
                   replies_.take_received());
    } else {
        on_signal(badge);
    }
}

void PmServer::on_message(std::uint32_t handler, PmCall label, const sel4::Words& words,
                          thread::ReplyToken reply) {
    ASSERT(handler < max_handlers);
    if (label == PmCall::park) {
        on_park(handler, words.mr[0], words.mr[1], std::move(reply));
        return;
    }
    const ProcessId self = handlers_[handler].process;
    // What a process holds it may give back to the last; nothing else is begun for a dying one.
    if (label == PmCall::release_console) {
        on_release_console(self);
        answer(std::move(reply));
        return;
    }
    if (table_.entry(self).state == ProcessState::dying) {
        if (label == PmCall::create) static_cast<void>(JobPtr::adopt(words.mr[0]));
        answer_error(std::move(reply), Error::cancelled);
        return;
    }
    on_call(self, label, words, std::move(reply));
}

void PmServer::on_call(ProcessId self, PmCall label, const sel4::Words& words,
                       thread::ReplyToken reply) {
    const auto pid = static_cast<std::int64_t>(words.mr[0]);
    switch (label) {
        case PmCall::create:
            return on_create(self, JobPtr::adopt(words.mr[0]), std::move(reply));
        case PmCall::created:
            return on_created(self, std::move(reply));
        case PmCall::kill:
            return on_kill(self, pid, std::move(reply));
        case PmCall::wait:
            return on_wait(self, pid, static_cast<WaitScope>(words.mr[1]),
                           static_cast<Blocking>(words.mr[2]), std::move(reply));
        case PmCall::sleep:
            return on_sleep(self, words.mr[0], std::move(reply));
        case PmCall::list:
            return on_list(pid, words.mr[1], words.mr[2], std::move(reply));
        case PmCall::parent: {
            const ProcessId parent = table_.entry(self).parent;
            const std::int64_t number = table_.alive(parent) ? parent.pid() : -1;
            return answer(std::move(reply), static_cast<std::uint64_t>(number));
        }
        case PmCall::set_foreground:
            return on_set_foreground(self, pid, std::move(reply));
        case PmCall::acquire_console:
            return on_acquire_console(self, static_cast<Blocking>(words.mr[0]), std::move(reply));
        case PmCall::await_event:
            return on_await_event(self, static_cast<Event>(words.mr[0]), words.mr[1],
                                  std::move(reply));
        case PmCall::park:
        case PmCall::release_console:
            break;
    }
    PANIC("a handler sent the PM server an unknown request");
}

void PmServer::on_signal(std::uint64_t bits) {
    if ((bits & abi::sos_badge::timer) != 0) wake_sleepers();
    if ((bits & abi::sos_badge::input) != 0) wake_readers();
    if ((bits & abi::sos_badge::output) != 0) wake_writers();
    if ((bits & abi::sos_badge::interrupt_key) != 0) on_interrupt_key();
}

void PmServer::on_create(ProcessId self, JobPtr job, thread::ReplyToken reply) {
    const Result<ProcessId> child = launch(std::move(job), self);
    if (!child) {
        answer_error(std::move(reply), child.error());
        return;
    }
    block(self, {.kind = WaitKind::creation, .target = *child}, std::move(reply));
}

void PmServer::on_created(ProcessId self, thread::ReplyToken reply) {
    ProcessEntry& entry = table_.entry(self);
    table_.start(self);
    if (self == init_) log::info<log::Area::sos>("init started");
    ProcessEntry* const parent = table_.find(entry.parent);
    if (parent != nullptr && parent->wait.kind == WaitKind::creation &&
        parent->wait.target == self) {
        table_.end_wait(*parent);
        answer(take_owed(entry.parent), static_cast<std::uint64_t>(self.pid()));
    }
    answer(std::move(reply));
}

void PmServer::on_kill(ProcessId self, std::int64_t pid, thread::ReplyToken reply) {
    const ProcessId victim = table_.by_pid(pid);
    if (!table_.alive(victim)) {
        answer_error(std::move(reply), Error::no_such_process);
        return;
    }
    begin_kill(victim, abi::signals::kill);
    // Killing oneself has no answer but the end.
    if (victim == self) {
        answer_error(std::move(reply), Error::cancelled);
        return;
    }
    block(self, {.kind = WaitKind::killed, .target = victim}, std::move(reply));
}

void PmServer::begin_kill(ProcessId victim, std::uint32_t signal) {
    if (!table_.begin_kill(victim)) return;
    // The word first: the signals below only make others look at it.
    request_kill(victim, signal);
    cancel_wait(victim);
    fs::cancel({.slot = victim.slot, .generation = victim.generation});
    handlers_[table_.entry(victim).handler].handler->signal_kill();
}

void PmServer::on_wait(ProcessId self, std::int64_t pid, WaitScope scope, Blocking blocking,
                       thread::ReplyToken reply) {
    const Result<std::optional<Ended>> ended = table_.reap(self, pid, scope);
    if (!ended) {
        answer_error(std::move(reply), ended.error());
    } else if (*ended) {
        answer(std::move(reply), static_cast<std::uint64_t>((*ended)->id.pid()),
               (*ended)->wait_status);
    } else if (blocking == Blocking::no) {
        answer_error(std::move(reply), Error::would_block);
    } else {
        block(self, {.kind = WaitKind::child, .target = table_.wait_target(pid)}, std::move(reply));
    }
}

/// The process's handler has torn it down.
void PmServer::end_process(ProcessId id, std::uint64_t wait_status, Result<void> creation) {
    ProcessEntry& entry = table_.entry(id);
    const ProcessId parent_id = entry.parent;
    ProcessEntry* const parent = table_.find(parent_id);
    if (parent != nullptr && parent->wait.kind == WaitKind::creation && parent->wait.target == id) {
        table_.end_wait(*parent);
        answer_error(take_owed(parent_id), creation ? Error::cancelled : creation.error());
    }
    table_.end(id, wait_status, [&](ProcessId waiter, WaitKind kind) {
        if (kind == WaitKind::killed) {
            answer(take_owed(waiter));
        } else {
            answer(take_owed(waiter), static_cast<std::uint64_t>(id.pid()), wait_status);
        }
    });
    // Was given up in the teardown; a process that died on the way there did not get to it.
    if (console_owner_ == id) on_release_console(id);
    watch_interrupt_key();
    if (init_ == id) init_has_ended(wait_status, creation);
}

void PmServer::init_has_ended(std::uint64_t wait_status, const Result<void>& creation) {
    init_ = no_process;
    if (creation) {
        const std::uint64_t signal = wait_status & 0x7f;
        const std::uint64_t status = signal != 0 ? 128 + signal : wait_status >> 8 & 0xff;
        log::info<log::Area::sos>("init ended, status {}", status);
        init_status_ = static_cast<unsigned>(status);
    } else {
        log::info<log::Area::sos>("cannot start init: {}", describe(creation.error()));
        init_status_ = status_not_found;
    }
}

void PmServer::start_init() {
    config_.hooks.starting();
    Result<JobPtr> job = config_.make_init();
    const Result<ProcessId> started =
        job ? launch(*std::move(job), no_process) : std::unexpected(job.error());
    if (started) {
        init_ = *started;
        return;
    }
    init_has_ended(0, std::unexpected(started.error()));
    end_system_when_idle();
}

/// When init has ended: kills the rest, and once nobody is left gives a handler the last job.
void PmServer::end_system_when_idle() {
    if (!init_status_ || shutdown_assigned_) return;
    if (table_.alive_count() > 0) {
        table_.for_each([&](ProcessEntry& entry, ProcessId id) {
            if (entry.alive()) begin_kill(id, abi::signals::kill);
        });
        return;
    }
    const Result<std::uint32_t> handler = take_handler();
    Result<JobPtr> job = make_job("/", "/", 0);
    if (!handler || !job) PANIC("no means left to shut down");
    (*job)->kind = JobKind::shutdown;
    (*job)->argc = *init_status_;
    shutdown_assigned_ = true;
    assign(*handler, *std::move(job), no_process);
}

void PmServer::publish_usage() {
    process_count_.store(table_.alive_count(), std::memory_order_relaxed);
}

}  // namespace sos::proc

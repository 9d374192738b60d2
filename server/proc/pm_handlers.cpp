// SPDX-License-Identifier: BSD-2-Clause
// The PM server's handler threads: made when processes become more, used again, deleted when they
// are more than needed.
#include <algorithm>
#include <utility>

#include "abi/sos_badge.hpp"
#include "proc/pm_state.hpp"
#include "proc/slot_words.hpp"

namespace sos::proc {

namespace {

void run_server(void* server) {
    static_cast<PmServer*>(server)->run();
}

constexpr std::size_t stack_pages = 6;

}  // namespace

Result<void> PmServer::init(Config&& config) {
    config_ = std::move(config);
    endpoint_ = TRY(res::make_endpoint());
    notification_ = TRY(res::make_notification());
    TRY(make_signal_caps(notification_.cptr()));
    TRY(replies_.grow());
    for (std::size_t i = 0; i < min_handlers; ++i) TRY(add_handler());
    thread_ = TRY(thread::prepare({.name = "PM server",
                                   .entry = run_server,
                                   .argument = this,
                                   .priority = thread::priority::process_server,
                                   .stack_pages = stack_pages}));
    TRY(thread_.bind_notification(notification_.cptr()));
    return thread::start(thread_);
}

Result<std::uint32_t> PmServer::add_handler() {
    const auto record = std::ranges::find(handlers_, nullptr, &HandlerRecord::handler);
    if (record == handlers_.end()) return std::unexpected(Error::limit_reached);
    const auto index = static_cast<std::uint32_t>(record - handlers_.begin());
    // First a place for its answer: it calls as soon as it runs.
    TRY(replies_.grow());
    const Result<Handler*> made = Handler::make(index, {.pm_endpoint = endpoint_.cptr(),
                                                        .sched_control = config_.sched_control,
                                                        .hooks = &config_.hooks});
    if (!made) {
        replies_.shrink();
        return std::unexpected(made.error());
    }
    record->handler = *made;
    handler_count_.fetch_add(1, std::memory_order_relaxed);
    return index;
}

void PmServer::remove_surplus_handlers() {
    const std::size_t needed = std::max(min_handlers, table_.alive_count());
    for (HandlerRecord& record : handlers_) {
        if (handler_count_.load(std::memory_order_relaxed) <= needed) return;
        if (!record.idle() || !record.parked.owed()) continue;
        Handler::destroy(std::exchange(record.handler, nullptr));
        record.parked.forget();
        replies_.shrink();
        handler_count_.fetch_sub(1, std::memory_order_relaxed);
    }
}

std::optional<std::uint32_t> PmServer::idle_handler() const {
    const auto record = std::ranges::find_if(handlers_, &HandlerRecord::idle);
    if (record == handlers_.end()) return std::nullopt;
    return static_cast<std::uint32_t>(record - handlers_.begin());
}

/// Gives a process its handler thread, which creates it.
Result<ProcessId> PmServer::launch(JobPtr job, ProcessId parent) {
    if (init_status_) return std::unexpected(Error::cancelled);
    const ProcessId id = TRY(table_.allocate(parent, job->name(), config_.timer.now_us()));
    std::optional<std::uint32_t> handler = idle_handler();
    if (!handler) {
        const Result<std::uint32_t> added = add_handler();
        if (!added) {
            table_.end(id, 0, [](ProcessId, WaitKind) {});
            return std::unexpected(added.error());
        }
        handler = *added;
    }
    table_.entry(id).handler = *handler;
    reset_slot_words(id);
    static_cast<void>(handlers_[*handler].handler->take_cpu_time());
    assign(*handler, std::move(job), id);
    return id;
}

void PmServer::assign(std::uint32_t handler, JobPtr job, ProcessId process) {
    HandlerRecord& record = handlers_[handler];
    record.process = process;
    if (record.parked.owed()) {
        answer(std::move(record.parked), job.release(), process.word());
    } else {
        record.early_job = std::move(job);
    }
}

void PmServer::on_park(std::uint32_t handler, std::uint64_t wait_status, std::uint64_t failure,
                       thread::ReplyToken reply) {
    HandlerRecord& record = handlers_[handler];
    if (record.early_job.valid()) {
        answer(std::move(reply), record.early_job.release(), record.process.word());
        return;
    }
    const ProcessId ended = std::exchange(record.process, no_process);
    record.parked = std::move(reply);
    if (ended.valid()) {
        Result<void> creation{};
        if (failure != 0) creation = std::unexpected(static_cast<Error>(failure - 1));
        end_process(ended, wait_status, creation);
    }
    remove_surplus_handlers();
    end_system_when_idle();
}

}  // namespace sos::proc

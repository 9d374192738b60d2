// SPDX-License-Identifier: BSD-2-Clause
// The PM server's handler threads: made when processes become more, used again, deleted when they
// are more than needed.
#include <algorithm>
#include <utility>

#include "abi/sos_badge.hpp"
#include "proc/injected_failure.hpp"
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
    TRY(init_jobs());
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
    ASSERT(handler_count() < max_handlers);
    // Places are used in order until some have been given up.
    const std::uint32_t index = unused_count_ > 0 ? unused_[unused_count_ - 1]
                                                  : static_cast<std::uint32_t>(handler_count());
    // First a place for its answer: it calls as soon as it runs.
    TRY(replies_.grow());
    const Result<Handler*> made = Handler::make(index, {.pm_endpoint = endpoint_.cptr(),
                                                        .sched_control = config_.sched_control,
                                                        .hooks = &config_.hooks});
    if (!made) {
        replies_.shrink();
        return std::unexpected(made.error());
    }
    if (unused_count_ > 0) --unused_count_;
    handlers_[index].handler = *made;
    handler_count_.fetch_add(1, std::memory_order_relaxed);
    return index;
}

/// The handler is parked, and there are more than are needed.
void PmServer::remove_handler(std::uint32_t index) {
    HandlerRecord& record = handlers_[index];
    Handler::destroy(std::exchange(record.handler, nullptr));
    record.parked.forget();
    replies_.shrink();
    unused_[unused_count_++] = static_cast<std::uint16_t>(index);
    handler_count_.fetch_sub(1, std::memory_order_relaxed);
}

/// The one that was parked last (its memory is still in the caches), or a new one.
Result<std::uint32_t> PmServer::take_handler() {
    if (idle_count_ == 0) return add_handler();
    return idle_[--idle_count_];
}

/// Gives a process its handler thread, which creates it.
Result<ProcessId> PmServer::launch(JobPtr job, ProcessId parent) {
    if (init_status_) return std::unexpected(Error::cancelled);
    const ProcessId id = TRY(table_.allocate(parent, job->name(), config_.timer.now_us()));
    const Result<std::uint32_t> handler = [&] {
        const InjectedFailure failure(job->block(), InjectedFailure::of_handler);
        return take_handler();
    }();
    if (!handler) {
        table_.end(id, 0, [](ProcessId, WaitKind) {});
        return std::unexpected(handler.error());
    }
    table_.entry(id).handler = *handler;
    reset_slot_words(id);
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
    record.parked = std::move(reply);
    if (record.process.valid()) {
        Result<void> creation{};
        if (failure != 0) creation = std::unexpected(static_cast<Error>(failure - 1));
        // Its handler goes on to the next one only after this.
        table_.entry(record.process).cpu_time_us += record.handler->take_cpu_time();
        end_process(std::exchange(record.process, no_process), wait_status, creation);
    }
    if (handler_count() > std::max(min_handlers, table_.alive_count())) {
        remove_handler(handler);
    } else {
        idle_[idle_count_++] = static_cast<std::uint16_t>(handler);
    }
    end_system_when_idle();
}

}  // namespace sos::proc

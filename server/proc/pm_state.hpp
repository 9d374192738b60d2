// SPDX-License-Identifier: BSD-2-Clause
// Inside of the PM server: its state and the functions of its loop. Not for other folders.
#pragma once

#include "proc/pm_server.hpp"

namespace sos::proc {

struct HandlerRecord {
    Handler* handler = nullptr;
    ProcessId process = no_process;
    thread::ReplyToken parked;  // owed while the handler waits for work
    JobPtr early_job;           // given before its thread has parked for the first time
};

class PmServer {
  public:
    constexpr PmServer() = default;

    Result<void> init(Config&& config);
    [[noreturn]] void run();

    sel4::CPtr notification() const { return notification_.cptr(); }
    Usage usage() const {
        return {handler_count_.load(std::memory_order_relaxed),
                process_count_.load(std::memory_order_relaxed),
                sleep_count_.load(std::memory_order_relaxed)};
    }
    void timeout_passed(std::uint32_t slot);
    void note_writer(std::uint32_t slot);
    bool interrupt_key_wanted() const { return key_wanted_.load(std::memory_order_acquire); }

  private:
    struct DueSleep {
        std::uint64_t until_us = 0;
        ProcessId id = no_process;
    };

    // The loop.
    void on_message(std::uint32_t handler, PmCall label, const sel4::Words& words,
                    thread::ReplyToken reply);
    void on_call(ProcessId self, PmCall label, const sel4::Words& words, thread::ReplyToken reply);
    void on_signal(std::uint64_t bits);

    // Handlers (pm_handlers.cpp).
    Result<std::uint32_t> add_handler();
    void remove_handler(std::uint32_t index);
    Result<std::uint32_t> take_handler();
    void on_park(std::uint32_t handler, std::uint64_t wait_status, std::uint64_t failure,
                 thread::ReplyToken reply);
    Result<ProcessId> launch(JobPtr job, ProcessId parent);
    void assign(std::uint32_t handler, JobPtr job, ProcessId process);

    // Life and death (pm_server.cpp).
    void on_create(ProcessId self, JobPtr job, thread::ReplyToken reply);
    void on_created(ProcessId self, thread::ReplyToken reply);
    void on_kill(ProcessId self, std::int64_t pid, thread::ReplyToken reply);
    void on_wait(ProcessId self, std::int64_t pid, WaitScope scope, Blocking blocking,
                 thread::ReplyToken reply);
    void end_process(ProcessId id, std::uint64_t wait_status, Result<void> creation);
    void begin_kill(ProcessId victim, std::uint32_t signal);
    void start_init();
    void init_has_ended(std::uint64_t wait_status, const Result<void>& creation);
    void end_system_when_idle();

    // Waits (pm_waits.cpp).
    void on_sleep(ProcessId self, std::uint64_t microseconds, thread::ReplyToken reply);
    void on_acquire_console(ProcessId self, Blocking blocking, thread::ReplyToken reply);
    void on_release_console(ProcessId self);
    void on_await_event(ProcessId self, Event event, std::uint64_t seen, thread::ReplyToken reply);
    void on_set_foreground(ProcessId self, std::int64_t pid, thread::ReplyToken reply);
    void on_list(std::int64_t first, std::uint64_t into, std::uint64_t capacity,
                 thread::ReplyToken reply);
    void wake_readers();
    void wake_writers();
    std::span<DueSleep> collect_due_sleeps();
    void wake_sleepers();
    ProcessId foreground();
    ProcessId interrupt_target();
    void watch_interrupt_key();
    void on_interrupt_key();
    void cancel_wait(ProcessId id);

    /// Keeps the answer for later.
    void block(ProcessId self, const Wait& wait, thread::ReplyToken reply);
    /// Answers a process that waits, whose Wait has been cleared.
    thread::ReplyToken take_owed(ProcessId id);
    void publish_usage();
    std::size_t handler_count() const { return handler_count_.load(std::memory_order_relaxed); }
    void serve_one();

    Config config_{};
    ProcessTable table_;
    std::array<thread::ReplyToken, max_processes> owed_{};
    std::array<HandlerRecord, max_handlers> handlers_{};
    std::array<std::uint16_t, max_handlers> idle_{};    // a stack of handlers that are parked
    std::array<std::uint16_t, max_handlers> unused_{};  // a stack of places given up
    std::size_t idle_count_ = 0;
    std::size_t unused_count_ = 0;
    thread::ReplyPool replies_;

    res::OwnedEndpoint endpoint_;
    res::OwnedNotification notification_;
    thread::ServerThread thread_;

    ProcessId console_owner_ = no_process;
    ProcessId refused_ = no_process;  // who was last told that the console is busy
    ProcessId init_ = no_process;
    std::optional<unsigned> init_status_;  // init has ended: the system is ending
    bool shutdown_assigned_ = false;

    std::array<std::atomic<std::uint64_t>, max_processes / 64> due_{};      // sleeps that are over
    std::array<DueSleep, max_processes> due_sleeps_{};                      // wake_sleepers' notes
    std::array<std::atomic<std::uint64_t>, max_processes / 64> writers_{};  // to look again
    std::atomic<bool> key_wanted_{false};
    std::atomic<std::uint64_t> handler_count_{0};
    std::atomic<std::uint64_t> process_count_{0};
    std::atomic<std::uint64_t> sleep_count_{0};
};

// Answers to callers.
void answer(thread::ReplyToken reply, std::uint64_t first = 0, std::uint64_t second = 0);
void answer_error(thread::ReplyToken reply, Error error);
void answer_result(thread::ReplyToken reply, const Result<void>& result);

/// The capabilities behind raise_event, raise_interrupt_key and sleeps.
Result<void> make_signal_caps(sel4::CPtr notification);

extern PmServer pm_server;

}  // namespace sos::proc

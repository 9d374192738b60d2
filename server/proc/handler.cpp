// SPDX-License-Identifier: BSD-2-Clause
#include "proc/handler.hpp"

#include <new>

#include "abi/boot_info.hpp"
#include "abi/sos_badge.hpp"
#include "fs/file_server.hpp"
#include "log/log.hpp"
#include "proc/describe.hpp"
#include "proc/fault_report.hpp"
#include "proc/slot_words.hpp"
#include "sel4/cnode.hpp"
#include "sel4/sched_context.hpp"

namespace sos::proc {

Handler::Handler(const Environment& environment)
    : hooks_(*environment.hooks), file_client_(fs::endpoint()), pm_(sel4::null_cap) {}

Result<Handler*> Handler::make(std::uint32_t index, const Environment& environment) {
    // There may be 512 of them: what few processes need at a time is elsewhere.
    static_assert(sizeof(Handler) <= res::page_size);
    res::ServerPages pages = TRY(res::map_pages(1));
    auto* const handler = new (pages.data()) Handler(environment);
    handler->pages_ = std::move(pages);
    const Result<void> made = handler->init(index, environment);
    if (made) return handler;
    destroy(handler);
    return std::unexpected(made.error());
}

void Handler::destroy(Handler* handler) {
    // Taken out first: the pages must not go while the object lies in them.
    const res::ServerPages pages = std::move(handler->pages_);
    handler->~Handler();
}

Result<void> Handler::init(std::uint32_t index, const Environment& environment) {
    // What a space keeps from one program to the next is made now.
    TRY(space_.init());
    space_.clear();
    endpoint_ = TRY(res::make_endpoint());
    notification_ = TRY(res::make_notification());
    reply_ = TRY(res::make_reply());
    user_sched_context_ = TRY(res::make_sched_context());
    TRY(from_kernel(
        sel4::sched_control_configure(environment.sched_control, user_sched_context_.cptr(),
                                      thread::program_slice_us, thread::program_slice_us)));
    TRY(make_program_space());
    fault_cap_ =
        TRY(res::mint(endpoint_.cptr(), abi::rights::write_grant_reply, abi::sos_badge::fault));
    kill_cap_ = TRY(res::mint(notification_.cptr(), abi::rights::write, abi::sos_badge::kill));
    wake_cap_ = TRY(res::mint(notification_.cptr(), abi::rights::write, abi::sos_badge::wake));
    pm_cap_ = TRY(res::mint(environment.pm_endpoint, abi::rights::write_grant_reply,
                            abi::sos_badge::handler | index));
    pm_ = PmClient(pm_cap_.cptr());
    thread_ = TRY(thread::prepare({.name = "handler",
                                   .entry = thread_entry,
                                   .argument = this,
                                   .priority = thread::priority::handler,
                                   .stack_pages = stack_pages}));
    TRY(thread_.bind_notification(notification_.cptr()));
    turn_.init(thread_.tcb(), thread_.sched_context());
    return thread::start(thread_);
}

/// The program's capability space: CPtr 1 is its endpoint for system calls, with the least rights
/// that a call needs, and nothing else is there.
Result<void> Handler::make_program_space() {
    user_cspace_ = TRY(res::make_cnode(cspace_bits));
    const sel4::SlotPath slot{
        .root = user_cspace_.cptr(), .index = abi::sos_endpoint_cptr, .depth = cspace_bits};
    return res::mint_into(slot, endpoint_.cptr(), abi::rights::write_grant_reply,
                          abi::sos_badge::system_call);
}

std::uint64_t Handler::take_cpu_time() {
    // Cannot be refused: the capability is ours as long as the handler is.
    return MUST(sel4::sched_context_consumed(user_sched_context_.cptr()));
}

void Handler::thread_entry(void* self) {
    static_cast<Handler*>(self)->loop();
}

void Handler::loop() {
    for (;;) {
        Assignment assignment = pm_.park(wait_status_, creation_);
        if (assignment.job->kind == JobKind::shutdown) {
            const unsigned status = assignment.job->argc;
            assignment.job = {};  // nothing of it may look like a leak
            hooks_.shutdown(file_client_, status);
            PANIC("shutdown returned");
        }
        run_process(assignment);
    }
}

void Handler::run_process(Assignment& assignment) {
    id_ = assignment.id;
    process_.emplace(id_,
                     HandlerParts{.space = space_,
                                  .files = files_,
                                  .file_client = file_client_,
                                  .pm = pm_,
                                  .turn = turn_,
                                  .cspace = user_cspace_.cptr(),
                                  .cspace_data = abi::cnode_data(0, abi::word_bits - cspace_bits),
                                  .fault_endpoint = fault_cap_.cptr(),
                                  .sched_context = user_sched_context_.cptr(),
                                  .directory = directory_});
    pause();
    creation_ = create(*process_, assignment);
    if (creation_) serve(*process_);
    wait_status_ = process_->wait_status();
    process_.reset();
    id_ = no_process;
}

Result<void> Handler::create(Process& process, Assignment& assignment) {
    const JobPtr job = std::move(assignment.job);
    TRY(process.create(*job, hooks_));
    TRY(pm_.created());
    return process.run();
}

void Handler::serve(Process& process) {
    using namespace abi::sos_badge;
    sel4::Received message = sel4::recv(endpoint_.cptr(), reply_.cptr());
    while (true) {
        const std::uint64_t kind = message.badge.raw() & kind_mask;
        if (kind == system_call) [[likely]] {
            const UserCall call = UserCall::from_message(
                message, []() -> const abi::IpcBuffer& { return *sel4_ipc_buffer; });
            process.end_turn_if_over();
            const UserReply answer = hooks_.system_call(process, call);
            if (process.space().doom()) [[unlikely]]
                end_if_doomed(process);
            if (process.found_ending()) [[unlikely]]
                return;
            message =
                sel4::reply_recv(endpoint_.cptr(), reply_.cptr(),
                                 abi::MessageInfo::make(0, UserReply::length), answer.words());
        } else if (kind == fault) {
            handle_fault(process,
                         sel4::Received(message));  // a copy, so that it stays in registers
            if (process.ending()) return;
            message = sel4::reply_recv(endpoint_.cptr(), reply_.cptr(), {});
        } else {
            // A notification: the slot's word says whether it means this process.
            if (process.ending()) return;
            message = sel4::recv(endpoint_.cptr(), reply_.cptr());
        }
    }
}

/// A process that cannot have a page it needs is killed, with a line that says why.
bool Handler::end_if_doomed(Process& process) {
    const std::optional<Error> reason = process.space().doom();
    if (!reason || process.ending()) return false;
    log::info<log::Area::proc>("{} (pid {}) is killed: {}", process.command(), process.id().pid(),
                               describe(*reason));
    process.finish(abi::wait_status_killed(
        *reason == Error::page_lost || *reason == Error::executable_changed ? abi::signals::bus
                                                                            : abi::signals::kill));
    return true;
}

void Handler::sleep() {
    sel4::wait(notification_.cptr());
    // This may have been the notification that tells of a kill.
    if (process_) process_->ending();
}

void Handler::wake() {
    sel4::signal(wake_cap_.cptr());
}

void Handler::pause() {
    // Somebody else may be taking its empty address space apart.
    if (!id_.valid()) return;
    turn_.end_if_over([this] { return kill_signal(id_) != 0; });
}

bool Handler::ended() const {
    return process_ && kill_signal(process_->id()) != 0;
}

void Handler::handle_fault(Process& process, const sel4::Received& message) {
    const ProgramFault fault = ProgramFault::from_message(message, *sel4_ipc_buffer);
    process.end_turn_if_over();
    if (const std::optional<vm::Access> access = fault.page_access()) {
        const Result<void> handled = process.space().handle_fault(fault.address, *access);
        // Killed while the page was on its way: no news to anybody.
        if (handled || process.ending() || end_if_doomed(process)) return;
        report_fault(process, fault, handled.error());
    } else {
        report_fault(process, fault, Error::bad_address);
    }
    process.finish(abi::wait_status_killed(fault.signal()));
}

}  // namespace sos::proc

// SPDX-License-Identifier: BSD-2-Clause
#include "thread/thread.hpp"

#include <new>

#include "abi/boot_info.hpp"
#include "abi/sos_badge.hpp"
#include "sel4/sched_context.hpp"
#include "sel4/tcb.hpp"
#include "thread/context_page.hpp"

namespace sos::thread {

namespace {

constinit Environment environment{};

void adopt(ContextPage& page) {
    sos_current_thread = &page.block;
    sel4_ipc_buffer = &page.ipc_buffer;
}

[[noreturn]] void thread_main(ContextPage* page) {
    adopt(*page);
    page->entry(page->argument);
    PANIC("a server thread returned from its entry");
}

Result<void> configure(sel4::CPtr tcb, sel4::CPtr sched_context, const ThreadConfig& config,
                       ContextPage& page, sel4::CPtr context_frame) {
    const sel4::CPtr self{abi::init_cap::tcb};
    const sel4::CPtr vspace{abi::init_cap::vspace};
    TRY(from_kernel(sel4::tcb_configure(tcb, res::root_cnode, 0, vspace,
                                        reinterpret_cast<std::uint64_t>(&page.ipc_buffer),
                                        context_frame)));
    TRY(from_kernel(sel4::sched_control_configure(environment.sched_control, sched_context,
                                                  time_slice_us, time_slice_us)));
    const std::uint64_t badge =
        abi::sos_badge::server_fault | reinterpret_cast<std::uint64_t>(&page.block);
    // The TCB keeps a copy of its own.
    const res::Slot fault =
        TRY(res::mint(environment.fault_endpoint, abi::rights::write_grant_reply, badge));
    TRY(from_kernel(sel4::tcb_set_sched_params(tcb, self, priority::root, config.priority,
                                               sched_context, fault.cptr())));
    if (config.fpu == Fpu::disabled) {
        TRY(from_kernel(sel4::tcb_set_flags(tcb, 0, abi::tcb_flags::fpu_disabled)));
    }
    return {};
}

}  // namespace

void init(const Environment& given) {
    environment = given;
}

void ServerThread::reset() {
    tcb_.reset();
    sched_context_.reset();
    memory_.reset();
}

Result<void> ServerThread::bind_notification(sel4::CPtr notification) {
    return from_kernel(sel4::tcb_bind_notification(tcb(), notification));
}

Result<ServerThread> prepare(const ThreadConfig& config) {
    ServerThread thread;
    thread.memory_ = TRY(res::map_pages(config.stack_pages + 1, res::Guard::below));
    thread.sched_context_ = TRY(res::make_sched_context());
    thread.tcb_ = TRY(res::make_tcb());

    std::byte* const stack_top = thread.memory_.data() + config.stack_pages * res::page_size;
    auto* const page = new (stack_top) ContextPage;
    page->block = {.name = config.name, .tcb = thread.tcb()};
    page->entry = config.entry;
    page->argument = config.argument;
    TRY(configure(thread.tcb(), thread.sched_context_.cptr(), config, *page,
                  thread.memory_.frame(config.stack_pages)));
    sel4::debug_name_thread(thread.tcb(), config.name);

    abi::UserContext context{};
    context.pc = reinterpret_cast<std::uint64_t>(&thread_main);
    context.sp = reinterpret_cast<std::uint64_t>(stack_top);
    context.x0 = reinterpret_cast<std::uint64_t>(page);
    context.tpidr_el0 = set_up_tls(*page);
    TRY(from_kernel(sel4::tcb_write_registers(thread.tcb(), context, abi::user_context_words,
                                              sel4::ResumeTarget::no)));
    return thread;
}

Result<void> start(const ServerThread& thread) {
    return from_kernel(sel4::tcb_resume(thread.tcb()));
}

Result<ServerThread> spawn(const ThreadConfig& config) {
    ServerThread thread = TRY(prepare(config));
    TRY(start(thread));
    return thread;
}

const ThreadBlock* faulting_thread(std::uint64_t badge) {
    return reinterpret_cast<const ThreadBlock*>(badge & abi::sos_badge::argument_mask);
}

}  // namespace sos::thread

// SPDX-License-Identifier: BSD-2-Clause
#include "thread/thread.hpp"

#include <algorithm>
#include <new>

#include "abi/boot_info.hpp"
#include "abi/sos_badge.hpp"
#include "base/bits.hpp"
#include "sel4/sched_context.hpp"
#include "sel4/tcb.hpp"

// The TLS image of the root task (ELF variant 1), from the linker script.
extern "C" {
extern const std::byte sos_tdata_start[];
extern const std::byte sos_tdata_end[];
extern const std::byte sos_tls_size[];  // an absolute symbol: its address is the size
}

namespace sos::thread {

namespace {

/// Alignment of the TLS segment, fixed by the linker script; the thread pointer is aligned to it.
constexpr std::size_t tls_alignment = 64;
/// A C library finds its own thread structure below the thread pointer.
constexpr std::size_t below_thread_pointer = 512;

/// The page above a thread's stack.
struct ContextPage {
    abi::IpcBuffer ipc_buffer;
    ThreadBlock block;
    void (*entry)(void*);
    void* argument;
    alignas(tls_alignment) std::byte libc_area[below_thread_pointer];
    alignas(tls_alignment) std::byte tls[2304];  // thread pointer, then the TLS image
};
static_assert(sizeof(ContextPage) <= res::page_size);

constinit Environment environment{};
alignas(res::page_size) constinit ContextPage root_context{};

/// The TLS image behind `tls`, whose first word would be the dynamic thread vector.
std::uint64_t set_up_tls(ContextPage& page) {
    const std::size_t image = static_cast<std::size_t>(sos_tdata_end - sos_tdata_start);
    const auto total = reinterpret_cast<std::size_t>(&sos_tls_size);
    if (tls_alignment + total > sizeof page.tls) PANIC("TLS image too big for a context page");
    std::copy_n(sos_tdata_start, image, page.tls + tls_alignment);
    return reinterpret_cast<std::uint64_t>(page.tls);
}

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

void adopt_root_thread(abi::IpcBuffer* ipc_buffer) {
    const std::uint64_t thread_pointer = set_up_tls(root_context);
    asm volatile("msr tpidr_el0, %0" : : "r"(thread_pointer) : "memory");
    root_context.block = {.name = "root", .tcb = sel4::CPtr{abi::init_cap::tcb}};
    sos_current_thread = &root_context.block;
    // The kernel's buffer, not the one of the page.
    sel4_ipc_buffer = ipc_buffer;
}

const ThreadBlock* faulting_thread(std::uint64_t badge) {
    return reinterpret_cast<const ThreadBlock*>(badge & abi::sos_badge::argument_mask);
}

}  // namespace sos::thread

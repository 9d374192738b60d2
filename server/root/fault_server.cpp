// SPDX-License-Identifier: BSD-2-Clause
#include "root/fault_server.hpp"

#include "abi/boot_info.hpp"
#include "abi/fault.hpp"
#include "abi/sos_badge.hpp"
#include "log/log.hpp"
#include "res/owned.hpp"
#include "root/log_sink.hpp"
#include "root/panic.hpp"
#include "sel4/tcb.hpp"
#include "thread/thread.hpp"

namespace sos::root {

namespace {

constexpr unsigned highest_priority = 255;

struct State {
    res::OwnedEndpoint endpoint;
    res::OwnedReply reply;
    res::Slot root_fault_cap;
    thread::ServerThread thread;
};
constinit State state{};

std::string_view name_of(abi::Fault fault) {
    switch (fault) {
        case abi::Fault::vm:
            return "VM fault";
        case abi::Fault::cap:
            return "capability fault";
        case abi::Fault::unknown_syscall:
            return "unknown kernel call";
        case abi::Fault::user_exception:
            return "exception";
        case abi::Fault::null:
        case abi::Fault::debug_exception:
        case abi::Fault::timeout:
            break;
    }
    return "fault";
}

void print_registers(const abi::UserContext& c) {
    using log::Area;
    log::info<Area::sos>("  pc {x} sp {x} lr {x} spsr {x}", c.pc, c.sp, c.x30, c.spsr);
    log::info<Area::sos>("  x0 {x} x1 {x} x2 {x} x3 {x} x4 {x} x5 {x} x6 {x} x7 {x}", c.x0, c.x1,
                         c.x2, c.x3, c.x4, c.x5, c.x6, c.x7);
    log::info<Area::sos>("  x8 {x} x9 {x} x10 {x} x11 {x} x12 {x} x13 {x} x14 {x} x15 {x}", c.x8,
                         c.x9, c.x10, c.x11, c.x12, c.x13, c.x14, c.x15);
    log::info<Area::sos>("  x16 {x} x17 {x} x18 {x} x19 {x} x20 {x} x21 {x} x22 {x} x23 {x}", c.x16,
                         c.x17, c.x18, c.x19, c.x20, c.x21, c.x22, c.x23);
    log::info<Area::sos>("  x24 {x} x25 {x} x26 {x} x27 {x} x28 {x} x29 {x} tpidr {x}", c.x24,
                         c.x25, c.x26, c.x27, c.x28, c.x29, c.tpidr_el0);
}

void serve(void*) {
    const sel4::Received message = sel4::recv(state.endpoint.cptr(), state.reply.cptr());
    begin_panic("a thread of the server faulted");
    const ThreadBlock& block = *thread::faulting_thread(message.badge.raw());
    const auto& words = message.words.mr;
    log::info<log::Area::sos>("  {} in thread '{}': words {x} {x} {x} {x}",
                              name_of(static_cast<abi::Fault>(message.info.label())), block.name,
                              words[0], words[1], words[2], words[3]);
    abi::UserContext context{};
    if (sel4::tcb_read_registers(block.tcb, context, abi::user_context_words,
                                 sel4::SuspendSource::no)) {
        print_registers(context);
    }
    finish_panic(context.x29);
}

}  // namespace

Result<sel4::CPtr> make_fault_endpoint() {
    state.endpoint = TRY(res::make_endpoint());
    return state.endpoint.cptr();
}

Result<void> start_fault_server() {
    state.reply = TRY(res::make_reply());
    state.thread = TRY(thread::spawn(
        {.name = "fault server", .entry = serve, .priority = highest_priority, .stack_pages = 3}));
    const std::uint64_t badge =
        abi::sos_badge::server_fault | reinterpret_cast<std::uint64_t>(sos_current_thread);
    state.root_fault_cap =
        TRY(res::mint(state.endpoint.cptr(), abi::rights::write_grant_reply, badge));
    const sel4::CPtr self{abi::init_cap::tcb};
    return from_kernel(sel4::tcb_set_sched_params(
        self, self, thread::priority::root + 1, thread::priority::root,
        sel4::CPtr{abi::init_cap::sched_context}, state.root_fault_cap.cptr()));
}

}  // namespace sos::root

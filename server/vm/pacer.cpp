// SPDX-License-Identifier: BSD-2-Clause
// The pacer (turns.hpp): runs only when somebody waits for a turn.
#include "abi/boot_info.hpp"
#include "res/owned.hpp"
#include "sel4/syscalls.hpp"
#include "sel4/tcb.hpp"
#include "sync/lock.hpp"
#include "thread/thread.hpp"
#include "vm/turns.hpp"

namespace sos::vm {

namespace {

// Never given back.
res::OwnedNotification requested;
thread::ServerThread pacer;

void set_priority(unsigned priority) {
    MUST(sel4::tcb_set_priority(pacer.tcb(), sel4::CPtr{abi::init_cap::tcb}, priority));
}

void run(void*) {
    for (;;) {
        sel4::wait(requested.cptr());
        set_priority(thread::priority::user);
        sel4::yield();
        // Who holds a lock must not wait for programs.
        set_priority(thread::priority::handler);
        LockGuard guard(ft_lock);
        on_beat();
    }
}

}  // namespace

Result<void> start_pacer() {
    requested = TRY(res::make_notification());
    pacer = TRY(thread::prepare({.name = "pacer", .entry = run}));
    return thread::start(pacer);
}

void request_beat() {
    sel4::signal(requested.cptr());
}

}  // namespace sos::vm

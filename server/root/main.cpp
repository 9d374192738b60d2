// SPDX-License-Identifier: BSD-2-Clause
// Boot of the root task, one line for each step; afterwards this thread is the interrupt loop.
#include <cstring>

#include "abi/boot_info.hpp"
#include "console/console.hpp"
#include "fs/file_server.hpp"
#include "log/log.hpp"
#include "proc/describe.hpp"
#include "proc/pm_server.hpp"
#include "res/owned.hpp"
#include "res/res.hpp"
#include "res/server_pages.hpp"
#include "root/accounts.hpp"
#include "root/fault_server.hpp"
#include "root/init_job.hpp"
#include "root/interrupt_loop.hpp"
#include "root/log_sink.hpp"
#include "root/machine.hpp"
#include "root/panic.hpp"
#include "sel4/tcb.hpp"
#include "sel4/vspace.hpp"
#include "server/drivers/rtc/pl031.hpp"
#include "server/drivers/timer/generic_timer.hpp"
#include "sync/lock.hpp"
#include "syscall/dispatch.hpp"
#include "syscall/random.hpp"
#include "syscall/room.hpp"
#include "syscall/services.hpp"
#include "thread/thread.hpp"
#include "vm/frame_table.hpp"
#include "vm/page_file.hpp"
#include "vm/pager.hpp"
#include "vm/shared_page.hpp"
#include "vm/turns.hpp"

extern "C" {
extern const std::byte sos_image_start[];
extern const std::byte sos_boot_stack[];
}

namespace sos::root {

namespace {

constexpr std::uint64_t us_per_s = 1'000'000;

res::OwnedNotification lock_notifications[3];
res::OwnedNotification mounted;

void stop_on_error(const char* step, const Result<void>& result) {
    if (result) return;
    log::error<log::Area::boot>("{}: {}", step, proc::describe(result.error()));
    PANIC("the system cannot start");
}

/// From now on there may be more than one thread.
Result<void> give_locks_notifications() {
    Lock* const locks[] = {&cu_lock, &ft_lock, &timer_lock};
    for (std::size_t i = 0; i < std::size(locks); ++i) {
        lock_notifications[i] = TRY(res::make_notification());
        locks[i]->set_notification(lock_notifications[i].cptr());
    }
    return {};
}

/// The lowest page of the boot stack becomes its guard. (The root image's frames are ours.)
Result<void> guard_boot_stack(const abi::BootInfo& boot_info) {
    const auto page = static_cast<std::uint64_t>(sos_boot_stack - sos_image_start) / res::page_size;
    return from_kernel(sel4::page_unmap(sel4::CPtr{boot_info.user_image_frames.start + page}));
}

Result<void> start_threads(const abi::BootInfo& boot_info) {
    const sel4::CPtr fault_endpoint = TRY(make_fault_endpoint());
    thread::init({.fault_endpoint = fault_endpoint,
                  .sched_control = sel4::CPtr{boot_info.sched_control.start}});
    return start_fault_server();
}

Result<void> start_frame_table() {
    const std::uint64_t limit = settings().frames.value_or(0);
    // More than there can be is no limit.
    const bool limited = limit > 0 && limit < res::max_frames;
    if (limited && limit < vm::min_page_frames) {
        log::warn<log::Area::boot>("frames={}: at least {} are needed", limit, vm::min_page_frames);
    }
    TRY(vm::init_frame_table({.max_evictable = limited ? static_cast<std::uint32_t>(limit) : 0}));
    vm::init_turns();
    TRY(vm::init_page_file(static_cast<std::uint32_t>(settings().page_file_pages.value_or(0))));
    TRY(vm::init_sharing());
    return vm::start_pacer();
}

void start_randomness() {
    const std::span<const std::byte> seed = machine().random_seed;
    if (seed.empty()) {
        log::warn<log::Area::boot>("no rng-seed: random numbers can be guessed from the time");
    }
    const std::uint64_t time = timer::ProcessorTimerRegisters{}.counter();
    syscall::seed_random(seed);
    syscall::seed_random(std::as_bytes(std::span(&time, 1)));
}

/// Microseconds from 1970 to the boot; 0, and a warning, without a clock.
std::uint64_t read_clock() {
    if (const auto& device = machine().clock) {
        auto window = res::map_device(base::PAddr{device->window.base}, rtc::pl031::window_bytes);
        if (window) {
            if (const auto seconds = rtc::read_seconds(*window))
                return *seconds * us_per_s - now_us();
        }
    }
    log::warn<log::Area::boot>("no real-time clock: the time of day begins in 1970");
    return 0;
}

abi::ClockOrigin clock_origin() {
    return {.ticks = clock_origin_ticks(), .date_us = syscall::services().boot_time_us};
}

Result<void> start_services() {
    syscall::set_services({.now_us = now_us,
                           .boot_time_us = read_clock(),
                           .count_resources = count_resources,
                           .count_server_memory = count_server_memory});
    return syscall::init_rooms();
}

Result<void> start_file_server() {
    mounted = TRY(res::make_notification());
    fs::set_pin_release(vm::release_pin);
    vm::on_lent_frames_wanted(fs::kick_page_io);
    if (!settings().nfs) {
        log::error<log::Area::boot>("no boot argument nfs=ADDRESS/EXPORT: there is no file system");
        return std::unexpected(Error::bad_argument);
    }
    std::uint64_t random = 0;
    syscall::fill_random(std::as_writable_bytes(std::span(&random, 1)));
    return fs::start(
        {.virtio = machine().virtio.all(),
         .ip = settings().ip,
         .nfs = *settings().nfs,
         .timer = timer_hooks(),
         .lender = {.borrow = vm::lend_frame,
                    .give_back = vm::take_back_frame,
                    .wanted = vm::lent_frames_wanted},
         .random_seed = random,
         .priority = thread::priority::file_server,
         .mounted_notification = mounted.cptr(),
         .hidden_name = settings().page_file,
         .announce = [](std::string_view line) { log::info<log::Area::sos>("{}", line); }});
}

/// Transfers of processes that are gone may be under way; their frames come back with the end of
/// that. A server that does not answer is not waited for.
void await_transfers() {
    constexpr std::uint64_t patience_us = 5 * us_per_s;
    const std::uint64_t until = now_us() + patience_us;
    while (vm::transfers_under_way() > 0 && now_us() < until) sel4::yield();
}

/// What killed processes have written is still to be sent: that waits for the server, if need be.
[[noreturn]] void shut_down(fs::Client& client, unsigned) {
    client.set_owner({});
    if (const Result<void> done = client.sync_all(); !done) {
        log::warn<log::Area::fs>("not everything was written back");
    }
    await_transfers();
    report_leaks();
    halt();
}

Result<void> start_processes(const abi::BootInfo& boot_info) {
    return proc::start(
        {.sched_control = sel4::CPtr{boot_info.sched_control.start},
         .timer = timer_hooks(),
         .hooks = {.system_call = log::trace_enabled(log::Area::syscall) ? syscall::dispatch_traced
                                                                         : syscall::dispatch,
                   .open_standard_files = console::open_standard_files,
                   .random = syscall::fill_random,
                   .clock_origin = clock_origin,
                   .starting = open_accounts,
                   .shutdown = shut_down},
         .second_reader = settings().second_reader,
         .mounted_notification = mounted.cptr(),
         .make_init = [] { return make_init_job(settings()); }});
}

}  // namespace

}  // namespace sos::root

extern "C" [[noreturn]] void sos_main(const abi::BootInfo* boot_info) {
    using namespace sos;
    using namespace sos::root;
    thread::adopt_root_thread(reinterpret_cast<abi::IpcBuffer*>(boot_info->ipc_buffer));
    log::set_sink(write_log_line);
    read_boot_data(*boot_info);
    stop_on_error("kernel resources", res::init(*boot_info));
    stop_on_error("locks", give_locks_notifications());
    stop_on_error("stack guard", guard_boot_stack(*boot_info));
    stop_on_error("threads", start_threads(*boot_info));
    stop_on_error("frame table", start_frame_table());
    stop_on_error("timer", start_timer());
    stop_on_error("console", start_console());
    start_randomness();
    stop_on_error("services", start_services());
    stop_on_error("file server", start_file_server());
    stop_on_error("processes", start_processes(*boot_info));
    interrupt_loop();
}

// SPDX-License-Identifier: BSD-2-Clause
#include "proc/process.hpp"

#include <algorithm>

#include "abi/boot_info.hpp"
#include "abi/fault.hpp"
#include "proc/injected_failure.hpp"
#include "proc/slot_words.hpp"
#include "sel4/sched_context.hpp"
#include "sel4/tcb.hpp"
#include "thread/thread.hpp"

namespace sos::proc {

namespace {

constexpr std::uint32_t may_execute = 1;

}  // namespace

constinit SlotWords slot_words[max_processes];

void Process::set_directory(std::string_view path) {
    ASSERT(path.size() < sizeof parts_.directory);
    directory_length_ = path.copy(parts_.directory, sizeof parts_.directory - 1);
    parts_.directory[directory_length_] = '\0';
}

bool Process::ending() {
    if (ending_) return true;
    const std::uint32_t signal = kill_signal(id_);
    if (signal != 0) finish(abi::wait_status_killed(signal));
    return ending_;
}

Result<elf::LoadedImage> Process::load(CreateJob& job) {
    const std::string_view path = job.path();
    TRY(parts_.file_client.access(path, may_execute));
    fs::FileRef file = TRY(fs::open_file(parts_.file_client, path, abi::open_flags::read_only, 0));
    return elf::load(*file, job.name(), space());
}

Result<void> Process::create(CreateJob& job, const Hooks& hooks) {
    const std::string_view name = job.name();
    std::copy_n(name.begin(), std::min(name.size(), sizeof command_ - 1), command_);
    set_directory(job.directory());
    parts_.file_client.set_owner({.slot = id_.slot, .generation = id_.generation});
    const InjectedFailure failure(job.block(), InjectedFailure::of_process);

    TRY(space().init());
    const elf::LoadedImage image = TRY(load(job));
    elf::StartArguments arguments{.block = job.block(), .argc = job.argc};
    hooks.random(std::as_writable_bytes(std::span(arguments.random)));
    arguments.clock = hooks.clock_origin();
    const base::VAddr stack_pointer = TRY(elf::build_stack(space(), image, arguments));
    TRY(hooks.open_standard_files(*this));
    TRY(make_thread(image.entry, stack_pointer));
    return {};
}

Result<void> Process::make_thread(base::VAddr entry, base::VAddr stack_pointer) {
    tcb_ = TRY(res::make_tcb());
    TRY(from_kernel(sel4::tcb_configure(tcb(), parts_.cspace, parts_.cspace_data, space().vspace(),
                                        vm::ipc_buffer_address.raw(), space().ipc_buffer_frame())));
    // MCP 0: programs cannot raise a priority, nor touch the timer that SOS uses.
    TRY(from_kernel(sel4::tcb_set_sched_params(tcb(), sel4::CPtr{abi::init_cap::tcb}, 0,
                                               thread::priority::user, parts_.sched_context,
                                               parts_.fault_endpoint)));
    abi::UserContext context{};
    context.pc = entry.raw();
    context.sp = stack_pointer.raw();
    sel4::debug_name_thread(tcb(), command_);
    return from_kernel(
        sel4::tcb_write_registers(tcb(), context, abi::user_context_words, sel4::ResumeTarget::no));
}

Result<void> Process::run() {
    return from_kernel(sel4::tcb_resume(tcb()));
}

// The order matters: the thread stops before its memory goes, and files are closed (which may hand
// dirty pages to the file server, and the console to the next in line) while memory is still there.
void Process::tear_down() {
    if (tcb_.valid()) {
        static_cast<void>(sel4::tcb_suspend(tcb()));
        static_cast<void>(sel4::sched_context_unbind(parts_.sched_context));
    }
    listing_ = {};
    files().close_all();
    tcb_.reset();
    space().clear();
}

}  // namespace sos::proc

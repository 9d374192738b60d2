// SPDX-License-Identifier: BSD-2-Clause
#include "proc/process.hpp"

#include <algorithm>

#include "abi/boot_info.hpp"
#include "abi/fault.hpp"
#include "proc/injected_failure.hpp"
#include "sel4/sched_context.hpp"
#include "sel4/tcb.hpp"
#include "thread/thread.hpp"

namespace sos::proc {

constinit SlotWords slot_words[max_processes];

/// Loads the program, and its first page. What the file server knew of the file may be a little
/// old: if that shows, the program is loaded once more as the NFS server has it now.
Result<elf::LoadedImage> Process::load(CreateJob& job) {
    TRY(space().init());
    const elf::LoadedImage image = TRY(load(job, fs::Known::use));
    // Whatever else is wrong with the page shows when the program runs.
    const Result<void> first = space().handle_fault(image.entry, vm::Access::execute);
    if (first || first.error() != Error::executable_changed) return image;
    executable_ = {};
    space().clear();
    TRY(space().init());
    return load(job, fs::Known::ask);
}

Result<elf::LoadedImage> Process::load(CreateJob& job, fs::Known known) {
    fs::Program program = TRY(fs::open_program(parts_.file_client, job.path(), known));
    executable_ = std::move(program.file);
    return elf::load(*executable_, program.status, job.name(), space());
}

Result<void> Process::create(CreateJob& job, const Hooks& hooks) {
    const std::string_view name = job.name();
    std::copy_n(name.begin(), std::min(name.size(), sizeof command_ - 1), command_);
    TRY(set_directory(job.directory()));
    parts_.file_client.set_owner({.slot = id_.slot, .generation = id_.generation});
    const InjectedFailure failure(job.block(), InjectedFailure::of_process);

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
    // The scheduling context is free again when the TCB is gone.
    if (tcb_.valid()) static_cast<void>(sel4::tcb_suspend(tcb()));
    listing_ = {};
    executable_ = {};
    files().close_all();
    windows_.release();
    parts_.directory.clear();
    tcb_.reset();
    space().clear();
}

}  // namespace sos::proc

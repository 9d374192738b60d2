// SPDX-License-Identifier: BSD-2-Clause
// Measures every operation, one after the other, in the initial thread and in threads that it
// makes; prints `BENCH key value` for each and `BENCH done` at the end.
#include "meter.hpp"
#include "support.hpp"

namespace {

target::Env environment;

/// The initial thread's slice should not end while it measures.
bool lengthen_slice() {
    return sel4::sched_control_configure(environment.sched_control,
                                         sel4::CPtr{abi::init_cap::sched_context}, 1'000'000,
                                         1'000'000)
        .has_value();
}

}  // namespace

extern "C" void test_main(const abi::BootInfo* info) {
    sel4_ipc_buffer = reinterpret_cast<abi::IpcBuffer*>(info->ipc_buffer);
    target::clear_failures();
    if (environment.initialise(*info) && lengthen_slice()) {
        bench::measure_messages(environment);
        bench::measure_switches(environment);
        bench::measure_objects(environment);
        bench::measure_latency(environment);
        if (target::failure_count() == 0) {
            target::print("BENCH done\n");
        } else {
            target::print("failed: {}\n", target::failure_reason());
        }
    } else {
        target::print("the measurement could not be set up: {}\n", target::failure_reason());
    }
    while (true) sel4::debug_halt();
}

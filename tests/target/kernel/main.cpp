// SPDX-License-Identifier: BSD-2-Clause
// Runs every case. The initial thread supervises: it hands cases one after the other to a thread
// of priority 255 and receives its results and everybody's faults on one endpoint.
#include <cstdint>

#include "abi/fault.hpp"
#include "env.hpp"
#include "support.hpp"

extern const target::Case test_cases_begin[], test_cases_end[];

namespace target {
namespace {

constexpr std::uint64_t badge_done = 1, badge_fault = 2;
constexpr unsigned runner_stack_bytes = 65536;

Env environment;
alignas(16) std::byte runner_stack[runner_stack_bytes];
struct alignas(64) {
    std::byte bytes[64];
} runner_local;
constexpr VAddr runner_buffer{0x1000'0000 + 0x100'000};
Thread runner;

struct Harness {
    CPtr memory{0};  // an untyped of the harness
    CPtr endpoint{0}, reply{0}, tcb{0}, sched_context{0}, frame{0}, done{0}, fault{0};
    CPtr report{0};  // the badged cap that the runner reports through
} harness;

bool make(ObjectType type, unsigned bits, CPtr slot) {
    return sel4::untyped_retype(harness.memory, type, bits, Env::cnode, slot.raw()).has_value();
}

void run_cases_forever() {
    sel4_ipc_buffer = reinterpret_cast<abi::IpcBuffer*>(runner_buffer.raw());
    while (true) {
        const Received next = sel4::call(harness.report, MessageInfo{});
        const auto* test = reinterpret_cast<const Case*>(next.words.mr[0]);
        if (test == nullptr) continue;
        test->run(environment);
    }
}

void start_runner() {
    runner.invoke = [](void*) { run_cases_forever(); };
    runner_local = {};
    write_start_registers(harness.tcb, runner,
                          reinterpret_cast<std::uintptr_t>(runner_stack) + runner_stack_bytes,
                          reinterpret_cast<std::uintptr_t>(&runner_local), sel4::ResumeTarget::yes);
}

bool initialise_runner() {
    const std::uint64_t first = environment.boot_info->empty.end - 16;
    harness.memory = CPtr{environment.boot_info->empty.start + 1};
    CPtr* const slots[] = {&harness.endpoint, &harness.reply, &harness.tcb,  &harness.sched_context,
                           &harness.frame,    &harness.done,  &harness.fault};
    std::uint64_t slot = first;
    for (CPtr* place : slots) *place = CPtr{slot++};
    harness.report = harness.done;
    if (!make(ObjectType::endpoint, 0, harness.endpoint) ||
        !make(ObjectType::reply, 0, harness.reply) || !make(ObjectType::tcb, 0, harness.tcb) ||
        !make(ObjectType::sched_context, 8, harness.sched_context) ||
        !make(ObjectType::small_page, 0, harness.frame))
        return false;
    using abi::rights::all;
    if (!sel4::cnode_mint(Env::at(harness.done), Env::at(harness.endpoint), all, badge_done) ||
        !sel4::cnode_mint(Env::at(harness.fault), Env::at(harness.endpoint), all, badge_fault) ||
        !sel4::page_map(harness.frame, Env::vspace, runner_buffer, abi::rights::read_write,
                        abi::page_attributes::normal) ||
        !sel4::tcb_configure(harness.tcb, Env::cnode, 0, Env::vspace, runner_buffer.raw(),
                             harness.frame) ||
        !sel4::sched_control_configure(environment.sched_control, harness.sched_context, 5000,
                                       5000) ||
        !sel4::tcb_set_sched_params(harness.tcb, Env::root_tcb, 255, 255, harness.sched_context,
                                    harness.fault))
        return false;
    environment.self = harness.tcb;
    environment.self_sc = harness.sched_context;
    environment.fault_endpoint = harness.endpoint;
    start_runner();
    return true;
}

void report_fault(const Received& fault) {
    static char text[160];
    unsigned length = 0;
    const auto put = [&](char c) {
        if (length < sizeof text - 1) text[length++] = c;
    };
    base::format_to(put, "fault {} of {}: words {x} {x} {x} {x}", fault.info.label(),
                    fault.badge == sel4::Badge{badge_fault} ? "the case" : "a thread",
                    fault.words.mr[0], fault.words.mr[1], fault.words.mr[2], fault.words.mr[3]);
    text[length] = '\0';
    fail("fault", static_cast<int>(fault.badge.raw()), text);
}

/// Hands `test` to the waiting runner; returns when it has ended, by a fault if need be.
void run(const Case& test) {
    sel4::reply(harness.reply, MessageInfo::make(0, 1),
                {{reinterpret_cast<std::uintptr_t>(&test), 0, 0, 0}});
    const Received result = sel4::recv(harness.endpoint, harness.reply);
    if (result.badge.raw() == badge_done) return;
    report_fault(result);
    start_runner();
    while (sel4::recv(harness.endpoint, harness.reply).badge.raw() != badge_done) {
    }
}

void run_all() {
    while (sel4::recv(harness.endpoint, harness.reply).badge.raw() != badge_done) {
    }
    unsigned passed = 0, failed = 0;
    for (const Case* test = test_cases_begin; test != test_cases_end; ++test) {
        print("RUN {} {}\n", test->id, test->text);
        clear_failures();
        environment.begin_case();
        run(*test);
        environment.end_case();
        if (failure_count() == 0) {
            ++passed;
            print("TEST {} ok\n", test->id);
        } else {
            ++failed;
            print("TEST {} FAIL {}({} failures)\n", test->id, failure_reason(), failure_count());
        }
    }
    print("{} passed, {} failed\n", passed, failed);
}

}  // namespace

extern "C" void test_main(const abi::BootInfo* info) {
    sel4_ipc_buffer = reinterpret_cast<abi::IpcBuffer*>(info->ipc_buffer);
    clear_failures();
    if (environment.initialise(*info) && initialise_runner()) {
        run_all();
    } else {
        print("the harness could not be set up: {}\n0 passed, 1 failed\n", failure_reason());
    }
    while (true) sel4::debug_halt();
}

}  // namespace target

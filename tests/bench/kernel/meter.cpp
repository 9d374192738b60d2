// SPDX-License-Identifier: BSD-2-Clause
#include "meter.hpp"

#include "base/assert.hpp"
#include "support.hpp"

namespace bench {

volatile std::uint64_t client_before, server_before;

Registers call_registers(CPtr object, abi::MessageInfo info, const sel4::Words& words) {
    return {{object.raw(), info.word, words.mr[0], words.mr[1], words.mr[2], words.mr[3], 0,
             static_cast<std::uint64_t>(abi::Syscall::call), 0}};
}

Registers receive_registers(abi::Syscall number, CPtr source, CPtr reply) {
    return {{source.raw(), 0, 0, 0, 0, 0, reply.raw(), static_cast<std::uint64_t>(number), 0}};
}

Registers send_registers(abi::Syscall number, CPtr object) {
    return {{object.raw(), 0, 0, 0, 0, 0, 0, static_cast<std::uint64_t>(number), 0}};
}

Registers invocation_registers(CPtr object, abi::Invocation label,
                               std::initializer_list<std::uint64_t> words,
                               std::initializer_list<CPtr> caps) {
    sel4::Words registers;
    unsigned count = 0, cap_count = 0;
    for (const std::uint64_t word : words) {
        (count < abi::message_registers ? registers.mr[count] : sel4_ipc_buffer->msg[count]) = word;
        ++count;
    }
    for (const CPtr cap : caps) sel4_ipc_buffer->caps_or_badges[cap_count++] = cap.raw();
    return call_registers(
        object, abi::MessageInfo::make(static_cast<std::uint64_t>(label), count, cap_count),
        registers);
}

std::uint64_t overhead() {
    std::uint64_t after;
    volatile std::uint64_t before;
    asm volatile(
        "mrs %0, pmccntr_el0\n\t"
        "str %0, [%1]\n\t"
        "mrs %0, pmccntr_el0"
        : "=&r"(after)
        : "r"(&before)
        : "memory");
    return after - before;
}

void Meter::report(const char* key, std::uint64_t extra) const {
    if (count_ != counted) {
        target::print("{}: {} rounds instead of {}\n", key, count_, counted);
        return;
    }
    const std::uint64_t mean = (sum_ + counted / 2) / counted;
    target::print("BENCH {} {}\n", key, mean - overhead() - extra);
}

OtherSpace::OtherSpace(Env& env) : env_(env), vspace_(env.make(abi::ObjectType::vspace)) {
    EXPECT_OK(sel4::asid_pool_assign(Env::asid_pool, vspace_));
    constexpr sel4::VAddr image{0x40'0000};
    const abi::SlotRegion frames = env.boot_info->user_image_frames;
    for (std::uint64_t i = 0; i < frames.size(); ++i) {
        map(env.copy(CPtr{frames.start + i}), image + i * 0x1000);
    }
}

void OtherSpace::map(CPtr frame, sel4::VAddr at) {
    constexpr unsigned levels = 3;
    for (unsigned i = 0; i <= levels; ++i) {
        if (sel4::page_map(frame, vspace_, at, abi::rights::read_write,
                           abi::page_attributes::normal)) {
            return;
        }
        EXPECT_OK(sel4::page_table_map(env_.make(abi::ObjectType::page_table), vspace_, at));
    }
    target::fail(__FILE__, __LINE__, "the second address space cannot be built");
}

void OtherSpace::adopt(const target::Thread& thread) {
    const sel4::VAddr buffer = target::buffer_address(thread.index);
    const CPtr frame = env_.copy(thread.buffer_frame);
    map(frame, buffer);
    EXPECT_OK(sel4::tcb_configure(thread.tcb, Env::cnode, 0, vspace_, buffer.raw(), frame));
}

target::ThreadOptions options(unsigned priority, unsigned mcp) {
    return {.priority = priority,
            .mcp = mcp,
            .budget_us = 1'000'000,
            .period_us = 1'000'000,
            .start = target::ThreadOptions::Start::later,
            .fault_endpoint = CPtr{0}};
}

void make_passive(const target::Thread& thread) {
    EXPECT_OK(sel4::sched_context_unbind(thread.sched_context));
}

}  // namespace bench

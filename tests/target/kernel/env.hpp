// SPDX-License-Identifier: BSD-2-Clause
// What a case works with: objects, capabilities, threads.
//
// Slots come from one window of the root CNode and memory from one untyped. Threads share the
// address space; each has a stack, a mapped IPC buffer and a scheduling context of its own.
#pragma once

#include <cstddef>
#include <new>
#include <optional>

#include "test.hpp"

namespace target {

struct ThreadOptions {
    unsigned priority = 100;
    unsigned mcp = 0;
    std::uint64_t budget_us = 5000;
    std::uint64_t period_us = 5000;  // equal to the budget: round robin
    unsigned extra_refills = 0;
    std::uint64_t sc_badge = 0;
    unsigned sc_bits = 8;
    enum class Start { now, later } start = Start::now;
    std::optional<CPtr> fault_endpoint{};  // none: a fault fails the case; null_cap: no handler
};

struct Thread {
    static constexpr std::size_t stack_bytes = 8192;
    static constexpr std::size_t function_bytes = 128;

    CPtr tcb{0};
    CPtr sched_context{0};
    CPtr buffer_frame{0};
    unsigned index = 0;
    volatile bool finished = false;

    void (*invoke)(void* function) = nullptr;
    alignas(16) std::byte function[function_bytes]{};
};

class Env {
  public:
    static constexpr unsigned window_slots = 1536;
    static constexpr unsigned untyped_bits = 23;
    static constexpr unsigned max_threads = 16;

    /// Fixed capabilities.
    static constexpr CPtr root_tcb{abi::init_cap::tcb};
    static constexpr CPtr cnode{abi::init_cap::cnode};
    static constexpr CPtr vspace{abi::init_cap::vspace};
    static constexpr CPtr irq_control{abi::init_cap::irq_control};
    static constexpr CPtr asid_control{abi::init_cap::asid_control};
    static constexpr CPtr asid_pool{abi::init_cap::asid_pool};
    static constexpr CPtr domain{abi::init_cap::domain};
    CPtr sched_control{0};
    CPtr untyped{0};  // of untyped_bits, without children when the case begins
    CPtr self{0};     // the TCB that runs cases: priority and MCP 255
    CPtr self_sc{0};
    const abi::BootInfo* boot_info = nullptr;

    /// 2 MiB of addresses with a page table and nothing mapped.
    static constexpr VAddr free_pages{0x2000'0000};

    static constexpr SlotPath at(CPtr slot) { return {cnode, slot.raw(), 64}; }

    /// The next `count` free slots of the window.
    CPtr slots(unsigned count = 1);
    CPtr make(ObjectType type, unsigned size_bits = 0, unsigned count = 1);
    CPtr copy(CPtr source, abi::CapRights rights = abi::rights::all);
    CPtr mint(CPtr source, std::uint64_t data, abi::CapRights rights = abi::rights::all);
    void remove(CPtr slot);

    /// A device untyped of at least 2^size_bits bytes; its list entry through `description`.
    CPtr device_untyped(unsigned size_bits, abi::UntypedDesc& description);

    /// Starts `function()` on a new thread. It may use what lives in the case's frame.
    template <typename Function>
    Thread& thread(Function function, const ThreadOptions& options = {}) {
        static_assert(sizeof(Function) <= Thread::function_bytes);
        Thread& thread = prepare(options);
        ::new (static_cast<void*>(thread.function)) Function(function);
        thread.invoke = [](void* place) { (*static_cast<Function*>(place))(); };
        if (options.start == ThreadOptions::Start::now) resume(thread);
        return thread;
    }
    void resume(const Thread& thread);

    /// Returns when no thread of priority 2 or more can run.
    void settle();

    // Used by the harness alone.
    bool initialise(const abi::BootInfo& info);
    void begin_case();
    void end_case();
    CPtr fault_endpoint{0};  // where faults of threads go by default, badged by thread

  private:
    Thread& prepare(const ThreadOptions& options);
    bool make_fixed(ObjectType type, unsigned bits, CPtr slot);
    bool start_idle_helper();

    CPtr fixed_{0};      // first slot of the harness's own objects
    CPtr window_{0};     // first slot of the window
    unsigned used_ = 0;  // slots of the window given out
    unsigned thread_count_ = 0;
    CPtr settle_request_{0}, settle_done_{0};
    CPtr case_untyped_parent_{0};
};

/// Sets up a thread's registers and IPC buffer for `entry`.
void write_start_registers(CPtr tcb, Thread& thread, std::uintptr_t stack_top,
                           std::uintptr_t thread_pointer, sel4::ResumeTarget resume);

/// Where a thread's IPC buffer is mapped.
VAddr buffer_address(unsigned index);

/// Spins for about this many loop turns (an instruction or two each).
void burn(std::uint64_t turns);

std::uint64_t now_ticks();  // physical counter, 62.5 per microsecond

}  // namespace target

// SPDX-License-Identifier: BSD-2-Clause
#include "env.hpp"

#include "support.hpp"

namespace target {
namespace {

constexpr VAddr buffer_pages{0x1000'0000};  // IPC buffers: one page per thread
constexpr unsigned helper_index = Env::max_threads;
constexpr std::uint64_t fault_badge_base = 0x1000;

Thread threads[Env::max_threads + 1];
alignas(16) std::byte stacks[Env::max_threads + 1][Thread::stack_bytes];
struct alignas(64) ThreadLocal {
    std::byte bytes[64];
};
ThreadLocal thread_locals[Env::max_threads + 1];

// Slots of the harness's own objects, from the first empty slot on.
enum Fixed : unsigned {
    case_untyped,
    own_untyped,
    buffer_table,
    free_table,
    request,
    done,
    helper_tcb,
    helper_sc,
    helper_frame,
    fixed_count = 16,
};

bool configure(CPtr tcb, CPtr frame, unsigned index) {
    return sel4::page_map(frame, Env::vspace, buffer_address(index), abi::rights::read_write,
                          abi::page_attributes::normal)
               .has_value() &&
           sel4::tcb_configure(tcb, Env::cnode, 0, Env::vspace, buffer_address(index).raw(), frame)
               .has_value();
}

void write_thread_start(CPtr tcb, Thread& thread, sel4::ResumeTarget resume) {
    const unsigned index = thread.index;
    thread_locals[index] = {};
    write_start_registers(tcb, thread,
                          reinterpret_cast<std::uintptr_t>(stacks[index]) + Thread::stack_bytes,
                          reinterpret_cast<std::uintptr_t>(&thread_locals[index]), resume);
}

}  // namespace

VAddr buffer_address(unsigned index) {
    return buffer_pages + index * 0x1000ull;
}

extern "C" void thread_start();
extern "C" [[noreturn]] void thread_main(Thread* thread) {
    sel4_ipc_buffer = reinterpret_cast<abi::IpcBuffer*>(buffer_address(thread->index).raw());
    thread->invoke(thread->function);
    thread->finished = true;
    while (true) static_cast<void>(sel4::tcb_suspend(thread->tcb));
}

void write_start_registers(CPtr tcb, Thread& thread, std::uintptr_t stack_top,
                           std::uintptr_t thread_pointer, sel4::ResumeTarget resume) {
    abi::UserContext context{};
    context.pc = reinterpret_cast<std::uintptr_t>(&thread_start);
    context.sp = stack_top;
    context.x0 = reinterpret_cast<std::uintptr_t>(&thread);
    context.tpidr_el0 = thread_pointer;
    EXPECT_OK(sel4::tcb_write_registers(tcb, context, abi::user_context_words, resume));
}

bool Env::make_fixed(ObjectType type, unsigned bits, CPtr slot) {
    return sel4::untyped_retype(CPtr{fixed_.raw() + own_untyped}, type, bits, cnode, slot.raw())
        .has_value();
}

bool Env::initialise(const abi::BootInfo& info) {
    boot_info = &info;
    sched_control = CPtr{info.sched_control.start};
    fixed_ = CPtr{info.empty.start};
    window_ = CPtr{info.empty.start + fixed_count};
    if (info.empty.size() < fixed_count + window_slots) return false;

    // The smallest ordinary untyped that holds both, since its first use clears it.
    unsigned best = 64;
    CPtr source{0};
    for (std::uint64_t i = 0; i < info.untyped.size(); ++i) {
        const abi::UntypedDesc& entry = info.untyped_list[i];
        if (entry.is_device != 0 || entry.size_bits <= untyped_bits || entry.size_bits >= best)
            continue;
        best = entry.size_bits;
        source = CPtr{info.untyped.start + i};
    }
    if (best == 64) return false;
    untyped = CPtr{fixed_.raw() + case_untyped};
    const CPtr own{fixed_.raw() + own_untyped};
    if (!sel4::untyped_retype(source, ObjectType::untyped, untyped_bits, cnode, untyped.raw()) ||
        !sel4::untyped_retype(source, ObjectType::untyped, 20, cnode, own.raw()))
        return false;
    const CPtr table{fixed_.raw() + buffer_table}, pages{fixed_.raw() + free_table};
    return make_fixed(ObjectType::page_table, 0, table) &&
           make_fixed(ObjectType::page_table, 0, pages) &&
           sel4::page_table_map(table, vspace, buffer_pages).has_value() &&
           sel4::page_table_map(pages, vspace, free_pages).has_value() && start_idle_helper();
}

/// The thread behind settle(): priority 1, so it runs when no other thread of a case can.
bool Env::start_idle_helper() {
    settle_request_ = CPtr{fixed_.raw() + request};
    settle_done_ = CPtr{fixed_.raw() + done};
    Thread& helper = threads[helper_index];
    helper.index = helper_index;
    helper.tcb = CPtr{fixed_.raw() + helper_tcb};
    helper.sched_context = CPtr{fixed_.raw() + helper_sc};
    helper.buffer_frame = CPtr{fixed_.raw() + helper_frame};
    const bool made = make_fixed(ObjectType::notification, 0, settle_request_) &&
                      make_fixed(ObjectType::notification, 0, settle_done_) &&
                      make_fixed(ObjectType::tcb, 0, helper.tcb) &&
                      make_fixed(ObjectType::sched_context, 8, helper.sched_context) &&
                      make_fixed(ObjectType::small_page, 0, helper.buffer_frame);
    if (!made || !configure(helper.tcb, helper.buffer_frame, helper_index)) return false;
    if (!sel4::sched_control_configure(sched_control, helper.sched_context, 5000, 5000))
        return false;
    if (!sel4::tcb_set_sched_params(helper.tcb, root_tcb, 0, 1, helper.sched_context, CPtr{0}))
        return false;
    struct Loop {
        CPtr request, done;
        void operator()() const {
            while (true) {
                sel4::wait(request);
                sel4::signal(done);
            }
        }
    };
    ::new (static_cast<void*>(helper.function)) Loop{settle_request_, settle_done_};
    helper.invoke = [](void* place) { (*static_cast<Loop*>(place))(); };
    write_thread_start(helper.tcb, helper, sel4::ResumeTarget::yes);
    return failure_count() == 0;
}

void Env::settle() {
    sel4::nb_wait(settle_done_);  // a case that was aborted may have left it signalled
    sel4::signal(settle_request_);
    sel4::wait(settle_done_);
}

CPtr Env::slots(unsigned count) {
    if (used_ + count > window_slots) {
        fail(__FILE__, __LINE__, "out of slots");
        return CPtr{0};
    }
    const CPtr first{window_.raw() + used_};
    used_ += count;
    return first;
}

CPtr Env::make(ObjectType type, unsigned size_bits, unsigned count) {
    const CPtr slot = slots(count);
    EXPECT_OK(sel4::untyped_retype(untyped, type, size_bits, cnode, slot.raw(), count));
    return slot;
}

CPtr Env::copy(CPtr source, abi::CapRights rights) {
    const CPtr slot = slots();
    EXPECT_OK(sel4::cnode_copy(at(slot), at(source), rights));
    return slot;
}

CPtr Env::mint(CPtr source, std::uint64_t data, abi::CapRights rights) {
    const CPtr slot = slots();
    EXPECT_OK(sel4::cnode_mint(at(slot), at(source), rights, data));
    return slot;
}

void Env::remove(CPtr slot) {
    EXPECT_OK(sel4::cnode_delete(at(slot)));
}

CPtr Env::device_untyped(unsigned size_bits, abi::UntypedDesc& description) {
    for (std::uint64_t i = 0; i < boot_info->untyped.size(); ++i) {
        const abi::UntypedDesc& entry = boot_info->untyped_list[i];
        if (entry.is_device == 0 || entry.size_bits < size_bits) continue;
        description = entry;
        return CPtr{boot_info->untyped.start + i};
    }
    fail(__FILE__, __LINE__, "no device untyped of that size");
    return CPtr{0};
}

Thread& Env::prepare(const ThreadOptions& options) {
    if (thread_count_ == max_threads) PANIC("a case has too many threads");
    const unsigned index = thread_count_++;
    Thread& thread = threads[index];
    thread.index = index;
    thread.finished = false;
    thread.tcb = make(ObjectType::tcb);
    thread.sched_context = make(ObjectType::sched_context, options.sc_bits);
    thread.buffer_frame = make(ObjectType::small_page);
    EXPECT_TRUE(configure(thread.tcb, thread.buffer_frame, index));
    EXPECT_OK(sel4::sched_control_configure(sched_control, thread.sched_context, options.budget_us,
                                            options.period_us, options.extra_refills,
                                            options.sc_badge));
    const CPtr handler = options.fault_endpoint ? *options.fault_endpoint
                                                : mint(fault_endpoint, fault_badge_base + index);
    EXPECT_OK(sel4::tcb_set_sched_params(thread.tcb, root_tcb, options.mcp, options.priority,
                                         thread.sched_context, handler));
    write_thread_start(thread.tcb, thread, sel4::ResumeTarget::no);
    return thread;
}

void Env::resume(const Thread& thread) {
    EXPECT_OK(sel4::tcb_resume(thread.tcb));
}

void Env::begin_case() {
    used_ = 0;
    thread_count_ = 0;
    settle();
    settle();
}

/// Removes the caps of the case; then the window must be empty and the untyped whole.
void Env::end_case() {
    for (unsigned i = 0; i < thread_count_; ++i)
        static_cast<void>(sel4::tcb_suspend(threads[i].tcb));
    for (unsigned i = 0; i < used_; ++i)
        if (!sel4::cnode_delete(at(CPtr{window_.raw() + i}))) {
            fail(__FILE__, __LINE__, "a slot of the case cannot be emptied");
            return;
        }
    const auto whole =
        sel4::untyped_retype(untyped, ObjectType::untyped, untyped_bits, cnode, window_.raw());
    if (!whole) fail_values(__FILE__, __LINE__, "leak: retype of all memory", error_of(whole), 0);
    EXPECT_OK(sel4::cnode_revoke(at(untyped)));
    // A retype refuses slots that are in use: 256 small objects at a time probe the window.
    for (unsigned i = 0; i < window_slots; i += abi::max_retype_objects) {
        const auto probe = sel4::untyped_retype(untyped, ObjectType::endpoint, 0, cnode,
                                                window_.raw() + i, abi::max_retype_objects);
        if (!probe) fail_values(__FILE__, __LINE__, "leak: slots", error_of(probe), 0);
    }
    EXPECT_OK(sel4::cnode_revoke(at(untyped)));
}

}  // namespace target

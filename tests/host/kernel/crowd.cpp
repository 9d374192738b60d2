// SPDX-License-Identifier: BSD-2-Clause
#include "crowd.hpp"

#include "api/debug.hpp"
#include "api/message.hpp"
#include "cap/derivation.hpp"
#include "check/invariants.hpp"
#include "object/asid.hpp"
#include "object/tcb_ops.hpp"

namespace numbat::test {

namespace {

using abi::ObjectType;
using Label = abi::Invocation;

constexpr std::uint64_t pool_at = 0x8000;
constexpr std::uint64_t table_at = 0x9000;

PAddr ram(std::uint64_t offset) {
    return PAddr(fake::ram_start + offset);
}

}  // namespace

void Crowd::give(std::uint64_t source, std::uint64_t target, Label how) {
    const Answer answer =
        how == Label::cnode_move
            ? invoke(crowd_cnode, how, {target, crowd_radix, source, 64}, {cnode})
            : invoke(crowd_cnode, how, {target, crowd_radix, source, 64, 15}, {cnode});
    ASSERT_EQ(answer.error, abi::Error::none) << "slot " << target;
}

void Crowd::gather() {
    pc_before_.clear();
    // What the boot code makes on the target.
    auto& first_pool = *static_cast<AsidPool*>(arch::kernel_pointer(ram(pool_at)));
    auto* table = static_cast<std::uint64_t*>(arch::kernel_pointer(ram(table_at)));
    const Asid asid = register_boot_pool(first_pool, table);
    insert_initial_cap(slot(root_asids), AsidControlCap::make());
    insert_initial_cap(slot(root_pool), AsidPoolCap::make(&first_pool, 0));
    insert_initial_cap(slot(root_vspace), VSpaceCap::make(table, asid));

    make(ObjectType::cnode, crowd_radix, crowd_cnode);
    crowd_ = slot(crowd_cnode).cap.as<CNodeCap>();
    // The crowd's CNode in itself, with a guard that makes its slots numbers of 64 bits.
    ASSERT_EQ(invoke(crowd_cnode, Label::cnode_mint,
                     {own_cnode, crowd_radix, crowd_cnode, 64, 15, 64 - crowd_radix}, {cnode})
                  .error,
              abi::Error::none);
    insert_initial_cap(slot(scratch), DomainCap::make());
    give(scratch, domains, Label::cnode_move);
    give(root_vspace, vspace);
    give(irq_control, irqs, Label::cnode_move);
    give(sched_control, contexts);
    give(root_asids, asids);
    give(root_pool, pool);
    const auto make_for = [&](ObjectType type, unsigned bits, std::uint64_t target,
                              unsigned count) {
        for (unsigned i = 0; i < count; ++i) {
            make(type, bits, scratch);
            give(scratch, target + i, Label::cnode_move);
        }
    };
    make_for(ObjectType::untyped, 18, memory, 1);
    make(ObjectType::untyped, 22, scratch, 1, device);
    give(scratch, device_memory, Label::cnode_move);
    make_for(ObjectType::endpoint, 0, endpoints, 3);
    make_for(ObjectType::notification, 0, notifications, 2);
    make_for(ObjectType::reply, 0, replies, 3);
    make(ObjectType::tcb, 0, scratch);
    invoke(scratch, Label::tcb_set_mc_priority, {200}, {tcb});
    give(scratch, authority, Label::cnode_move);
    for (unsigned i = 0; i < thread_count; ++i) start_thread(i);
    suspend(root());
    schedule();
}

/// Threads 0 and 1 are round robin, the others have budgets.
void Crowd::start_thread(unsigned index) {
    const std::uint64_t thread = 30 + index, context = 40 + index, frame = 50 + index;
    make(ObjectType::tcb, 0, thread);
    make(ObjectType::sched_context, 9, context);
    make(ObjectType::small_page, 0, frame);
    make(ObjectType::endpoint, 0, scratch);
    const auto done = [](const Answer& answer) { ASSERT_EQ(answer.error, abi::Error::none); };
    done(invoke(sched_control, Label::sched_control_configure_flags,
                {1000, index < 2 ? 1000u : 5000u, 4, index, index % 2}, {context}));
    ASSERT_EQ(invoke(thread, Label::tcb_configure, {64 - crowd_radix, 0, 0x1000},
                     {crowd_cnode, root_vspace, frame})
                  .error,
              abi::Error::none);
    done(invoke(thread, Label::tcb_set_sched_params, {110, 100 + index % 2},
                {tcb, context, scratch}));
    done(invoke(thread, Label::tcb_resume, {}));
    give(thread, tcbs + index, index == 0 ? Label::cnode_copy : Label::cnode_move);
    give(context, scs + index, Label::cnode_move);
    give(frame, frames + index, Label::cnode_move);
    give(scratch, handlers + index, Label::cnode_move);
}

void Crowd::make_call(const random_test::Call& call) {
    Tcb& current = *core.current;
    arch::Context& context = current.context;
    context.x[0] = call.x0;
    context.x[1] = call.info();
    context.x[6] = call.x6;
    context.x[8] = call.x8;
    for (unsigned i = 0; i < 4; ++i) context.set_mr(i, call.words[i]);
    if (abi::IpcBuffer* buffer = ipc_buffer_of(current, BufferUse::send)) {
        std::copy_n(call.words, random_test::Call::max_words, buffer->msg);
        std::copy_n(call.caps, 3, buffer->caps_or_badges);
        buffer->receive_cnode = own_cnode;
        buffer->receive_index = call.words[5] % (1u << crowd_radix);
        buffer->receive_depth = 64;
    }
    pc_before_[&current] = context.next_pc;
    ++calls_;
    enter(call.number);
}

/// The system call was stopped at a preemption point.
void Crowd::enter_again() {
    enter(static_cast<abi::Syscall>(core.current->context.x[7]));
}

/// All wait for one another: as if from outside, one is set going again.
void Crowd::revive(std::uint64_t which) {
    const Tcb* chosen = nullptr;
    for (const Tcb* thread = debug_first_thread(); thread != nullptr; thread = thread->all_next) {
        if (thread == &root() || thread->sched_context == nullptr) continue;
        chosen = thread;
        if (which-- == 0) break;
    }
    if (chosen == nullptr) {
        disperse();
        gather();
        return;
    }
    pc_before_.erase(chosen);
    resume(const_cast<Tcb&>(*chosen));
    core.set_timer = true;
    schedule();
}

void Crowd::check() {
    if (broken_ == nullptr) broken_ = check::violated_invariant();
}

bool Crowd::disperse() {
    preempt_always = false;
    fake::state.passing = nullptr;
    root().sched_context->tcb = &root();
    resume(root());
    core.set_timer = true;
    schedule();
    if (core.current != &root()) return false;
    bool clean = true;
    for (const std::uint64_t source : {std::uint64_t{untyped}, std::uint64_t{device},
                                       std::uint64_t{root_asids}, std::uint64_t{root_pool}}) {
        clean = clean && revoke(source).error == abi::Error::none && !has_children(slot(source));
    }
    clean = clean && debug_first_thread() == &root() && root().all_next == nullptr;
    for (const std::uint64_t left : {root_vspace, root_pool, root_asids}) remove(left);
    if (slot(irq_control).empty()) insert_initial_cap(slot(irq_control), IrqControlCap::make());
    if (broken_ == nullptr) broken_ = check::violated_invariant();
    return clean;
}

}  // namespace numbat::test

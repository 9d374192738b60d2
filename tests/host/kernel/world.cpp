// SPDX-License-Identifier: BSD-2-Clause
#include "world.hpp"

#include <algorithm>

#include "api/debug.hpp"
#include "cap/derivation.hpp"
#include "object/asid.hpp"

namespace numbat::test {

namespace {

// Layout of the arena: kernel objects of the world in the first 128 KiB, untyped behind.
constexpr std::uint64_t cnode_at = 0x10000;
constexpr std::uint64_t tcb_at = 0x4000;
constexpr std::uint64_t idle_at = 0x4800;
constexpr std::uint64_t context_at = 0x5000;
constexpr std::uint64_t buffer_at = 0x6000;
constexpr unsigned untyped_bits = 24;

template <typename T>
T* at(std::uint64_t offset) {
    return static_cast<T*>(arch::kernel_pointer(PAddr(fake::ram_start + offset)));
}

}  // namespace

void World::SetUp() {
    // What the last test has left in the kernel's own variables.
    while (const Tcb* thread = debug_first_thread()) debug_remove_thread(const_cast<Tcb&>(*thread));
    asid_pools = {};
    fake::reset();
    core.ready = ReadyQueues{};
    core.release = ReleaseQueue{};
    core.decision = Decision::keep;
    core.candidate = nullptr;
    slots_ = at<Slot>(cnode_at);
    root_ = at<Tcb>(tcb_at);
    idle_ = at<Tcb>(idle_at);
    buffer_ = at<abi::IpcBuffer>(buffer_at);
    init_core(*idle_);
    insert_initial_cap(slot(tcb), TcbCap::make(*root_));
    insert_initial_cap(slot(cnode), CNodeCap::make(slots_, radix, 0, 64 - radix));
    insert_initial_cap(slot(irq_control), IrqControlCap::make());
    insert_initial_cap(slot(sched_control), SchedControlCap::make());
    insert_initial_cap(slot(untyped),
                       UntypedCap::make(PAddr(fake::ram_start + (1u << untyped_bits)), untyped_bits,
                                        false, 1u << untyped_bits));
    insert_initial_cap(slot(device), UntypedCap::make(PAddr(0x10'0000'0000), 30, true, 0));
    insert_copy(root_->slot(TcbSlot::cspace), slot(cnode).cap, slot(cnode));
    Slot& frame = root_->slot(TcbSlot::ipc_buffer);
    insert_initial_cap(frame, FrameCap::make(PAddr(fake::ram_start + buffer_at), FrameSize::small,
                                             FrameRights::read_write, false));
    root_->ipc_buffer = buffer_at;
    start_root_thread(*root_, *at<SchedContext>(context_at));
    ASSERT_EQ(schedule(), root_);
}

Tcb* World::enter(abi::Syscall number) {
    arch::Context& context = core.current->context;
    context.restart_pc = context.next_pc;
    context.next_pc += 4;
    context.x[7] = static_cast<std::uint64_t>(number);
    fake::state.irq_pending = preempt_always;
    return kernel_syscall(context.x[0], context.x[1], context.x[2], context.x[3], context.x[4],
                          context.x[5], context.x[6], static_cast<std::int64_t>(number));
}

Answer World::invoke(std::uint64_t object, abi::Invocation label,
                     std::initializer_list<std::uint64_t> words,
                     std::initializer_list<std::uint64_t> caps) {
    arch::Context& context = root_->context;
    context.x[0] = object;
    context.x[1] =
        abi::MessageInfo::make(static_cast<std::uint64_t>(label), words.size(), caps.size()).word;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i < 4) {
            context.x[2 + i] = words.begin()[i];
        } else {
            buffer_->msg[i] = words.begin()[i];
        }
    }
    std::copy(caps.begin(), caps.end(), buffer_->caps_or_badges);
    const std::uint64_t pc = context.next_pc;
    Answer answer{};
    do {
        EXPECT_EQ(core.current, root_);
        enter(abi::Syscall::call);
        ++answer.entries;
    } while (context.next_pc == pc && answer.entries < 1'000'000);
    const abi::MessageInfo info{context.x[1]};
    answer.error = static_cast<abi::Error>(info.label());
    answer.length = info.length();
    std::copy_n(context.x + 2, 4, answer.mr);
    return answer;
}

void World::make(abi::ObjectType type, unsigned size_bits, std::uint64_t destination,
                 unsigned count, std::uint64_t from) {
    const Answer answer =
        invoke(from, abi::Invocation::untyped_retype,
               {static_cast<std::uint64_t>(type), size_bits, 0, 0, destination, count}, {cnode});
    ASSERT_EQ(answer.error, abi::Error::none);
}

Answer World::copy(std::uint64_t destination, std::uint64_t source, std::uint64_t node) {
    return invoke(node, abi::Invocation::cnode_copy, {destination, 64, source, 64, 15}, {cnode});
}

Answer World::mint(std::uint64_t destination, std::uint64_t source, std::uint64_t data) {
    return invoke(cnode, abi::Invocation::cnode_mint, {destination, 64, source, 64, 15, data},
                  {cnode});
}

std::size_t World::check_list() {
    std::size_t count = 0;
    for (std::uint64_t i = 0; i < first; ++i) {
        if (slot(i).empty() || slot(i).previous() != nullptr) continue;
        const Slot* previous = nullptr;
        for (const Slot* s = &slot(i); s != nullptr; s = s->next()) {
            EXPECT_FALSE(s->empty());
            EXPECT_EQ(s->previous(), previous);
            previous = s;
            if (++count > 1'000'000) return count;
        }
    }
    return count;
}

}  // namespace numbat::test

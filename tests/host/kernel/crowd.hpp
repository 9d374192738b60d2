// SPDX-License-Identifier: BSD-2-Clause
// A crowd of threads in one rich CSpace that do whatever system calls a source of numbers says,
// while time passes and interrupts come. The kernel is checked after each step; at the end all
// memory must come back. The root thread sleeps meanwhile: it made everything, and takes it back.
#pragma once

#include <algorithm>
#include <map>

#include "random_call.hpp"
#include "world.hpp"

namespace numbat::test {

class Crowd : public World {
  protected:
    static constexpr unsigned crowd_radix = 6;
    static constexpr unsigned thread_count = 4;

    /// Makes the objects and lets the threads run.
    void gather();
    /// One kernel entry; `source` gives its numbers.
    template <typename Source>
    void step(Source& source);
    /// Revokes everything; false if memory is missing or something is left.
    bool disperse();
    const char* broken() const { return broken_; }
    std::uint64_t calls() const { return calls_; }

  private:
    enum Slots : std::uint64_t {
        own_cnode = 1,
        vspace,
        authority,
        irqs,
        contexts,
        asids,
        pool,
        domains,
        memory,
        device_memory,
        tcbs,
        scs = tcbs + thread_count,
        endpoints = scs + thread_count,
        notifications = endpoints + 3,
        replies = notifications + 2,
        frames = replies + 3,
        handlers = frames + thread_count,
        used = handlers + thread_count,
    };
    static_assert(used < (1u << crowd_radix) - 16);
    // In the root's CNode.
    enum Root : std::uint64_t { crowd_cnode = 20, root_asids, root_pool, root_vspace, scratch };

    void give(std::uint64_t source, std::uint64_t target,
              abi::Invocation how = abi::Invocation::cnode_copy);
    void start_thread(unsigned index);
    void make_call(const random_test::Call& call);
    void enter_again();
    void revive(std::uint64_t which);
    void check();

    const char* broken_ = nullptr;
    std::uint64_t calls_ = 0;
    std::map<const Tcb*, std::uint64_t> pc_before_;
    CNodeCap crowd_;
};

template <typename Source>
void Crowd::step(Source& source) {
    random_test::CallMaker<Source> maker(source, {.slots = 1u << crowd_radix,
                                                  .cnode = own_cnode,
                                                  .vspace = vspace,
                                                  .tcb = authority,
                                                  .max_priority = 110,
                                                  .buffer_address = 0x1000});
    fake::state.ticks += maker.below(50) == 0 ? maker.below(400'000) : maker.below(300);
    preempt_always = maker.below(4) == 0;
    Tcb& current = *core.current;
    const std::uint64_t kind = maker.below(60);
    if (&current == core.idle) {
        if (core.release.first() == nullptr) {
            revive(maker.below(16));
        } else {
            fake::state.ticks = std::max(fake::state.ticks, fake::state.deadline);
            fake::state.next_irq = abi::kernel_timer_irq;
            kernel_irq();
        }
    } else if (fake::state.ticks >= fake::state.deadline) {
        current.context.restart_pc = current.context.next_pc;
        fake::state.next_irq = abi::kernel_timer_irq;
        kernel_irq();
    } else if (kind < 2) {
        current.context.restart_pc = current.context.next_pc;
        fake::state.next_irq = static_cast<unsigned>(maker.below(160));
        kernel_irq();
    } else if (kind == 2) {
        current.context.restart_pc = current.context.next_pc;
        kernel_vm_fault(maker.below(1u << 20), 0x9200'0005, maker.below(2) == 0);
    } else if (kind == 3) {
        current.context.restart_pc = current.context.next_pc;
        kernel_user_exception(0x0200'0000);
    } else if (pc_before_.contains(&current) && pc_before_[&current] == current.context.next_pc) {
        enter_again();
    } else {
        make_call(maker.make([this](std::uint64_t slot) {
            return slot < 1u << crowd_radix ? crowd_.slots()[slot].cap.tag() : abi::CapTag::null;
        }));
    }
    check();
}

}  // namespace numbat::test

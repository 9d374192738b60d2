// SPDX-License-Identifier: BSD-2-Clause
// A small system on the fake architecture: one running root thread with a CNode of 1024 slots
// (guard 54: slots are named with depth 64), an IPC buffer and untyped memory, driven through the
// kernel's real system call entry.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>

#include "abi/error.hpp"
#include "abi/invocation.hpp"
#include "abi/ipc_buffer.hpp"
#include "abi/message_info.hpp"
#include "abi/object_type.hpp"
#include "abi/syscall.hpp"
#include "cap/slot.hpp"
#include "fake_arch.hpp"
#include "object/sched_context.hpp"
#include "object/tcb.hpp"
#include "sched/scheduler.hpp"

namespace numbat::test {

struct Answer {
    abi::Error error;
    std::uint64_t length;
    std::uint64_t mr[4];
    unsigned entries;  // kernel entries it took
};

class World : public ::testing::Test {
  protected:
    static constexpr unsigned radix = 10;
    static constexpr std::uint64_t slot_count = 1u << radix;
    enum Fixed : std::uint64_t {
        tcb = 1,
        cnode,
        irq_control,
        sched_control,
        untyped,
        device,
        first
    };

    void SetUp() override;

    Slot& slot(std::uint64_t index) { return slots_[index]; }
    Tcb& root() { return *root_; }
    abi::IpcBuffer& buffer() { return *buffer_; }

    /// A system call of the running thread, with one kernel entry.
    Tcb* enter(abi::Syscall number);
    /// An invocation by Call, started again as often as it is preempted.
    Answer invoke(std::uint64_t object, abi::Invocation label,
                  std::initializer_list<std::uint64_t> words,
                  std::initializer_list<std::uint64_t> caps = {});
    /// A new object (or several) in `destination`, by Retype.
    void make(abi::ObjectType type, unsigned size_bits, std::uint64_t destination,
              unsigned count = 1, std::uint64_t from = untyped);
    Answer copy(std::uint64_t destination, std::uint64_t source, std::uint64_t node = cnode);
    Answer mint(std::uint64_t destination, std::uint64_t source, std::uint64_t data);
    Answer remove(std::uint64_t index) {
        return invoke(cnode, abi::Invocation::cnode_delete, {index, 64});
    }
    Answer revoke(std::uint64_t index) {
        return invoke(cnode, abi::Invocation::cnode_revoke, {index, 64});
    }
    /// Every preemption point stops.
    bool preempt_always = false;

    /// The list is consistent in both directions from the initial capabilities on; number of slots.
    std::size_t check_list();

  private:
    Slot* slots_ = nullptr;
    Tcb* root_ = nullptr;
    Tcb* idle_ = nullptr;
    abi::IpcBuffer* buffer_ = nullptr;
};

}  // namespace numbat::test

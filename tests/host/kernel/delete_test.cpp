// SPDX-License-Identifier: BSD-2-Clause
#include "cap/delete.hpp"

#include <random>

#include "cap/derivation.hpp"
#include "object/endpoint.hpp"
#include "object/reply.hpp"
#include "world.hpp"

namespace numbat::test {
namespace {

using abi::Error;
using abi::ObjectType;
using Label = abi::Invocation;

class Delete : public World {
  protected:
    /// Copies or moves the capability in root slot `source` into slot `index` of the CNode in
    /// `node`.
    void put(std::uint64_t node, unsigned bits, std::uint64_t index, std::uint64_t source,
             Label label = Label::cnode_copy) {
        const Answer answer = label == Label::cnode_copy
                                  ? invoke(node, label, {index, bits, source, 64, 15}, {cnode})
                                  : invoke(node, label, {index, bits, source, 64}, {cnode});
        ASSERT_EQ(answer.error, Error::none);
    }
    bool memory_is_unused() {
        return slot(untyped).next() == nullptr || !slot(untyped).next()->cap.is<ZombieCap>();
    }
};

TEST_F(Delete, EmptySlotsSucceed) {
    EXPECT_EQ(remove(20).error, Error::none);
    EXPECT_EQ(revoke(20).error, Error::none);
}

TEST_F(Delete, AnyOtherInvocationEndsAnInterruptedCacheOperation) {
    for (const std::uint64_t index : {std::uint64_t{900}, std::uint64_t{5000}}) {
        root().cache_progress = 0x4000'1000;
        static_cast<void>(remove(index));
        EXPECT_EQ(root().cache_progress, 0u);
    }
}

TEST_F(Delete, ALargeCNodeIsPreempted) {
    make(ObjectType::endpoint, 0, 20);
    make(ObjectType::cnode, 9, 21);
    for (std::uint64_t i = 0; i < 512; ++i) put(21, 9, i, 20);
    preempt_always = true;
    const Answer answer = remove(21);
    EXPECT_EQ(answer.error, Error::none);
    EXPECT_GT(answer.entries, 2u);
    EXPECT_TRUE(slot(21).empty());
    EXPECT_FALSE(slot(20).empty());
    EXPECT_EQ(slot(20).next(), nullptr);
}

TEST_F(Delete, AChainOfNestedCNodes) {
    // Each holds the only capability of the next one.
    constexpr std::uint64_t depth = 200;
    make(ObjectType::cnode, 1, 20, depth);
    make(ObjectType::endpoint, 0, 400);
    for (std::uint64_t i = depth - 1; i > 0; --i) {
        put(20 + i, 1, 0, 400);
        put(20 + i - 1, 1, 1, 20 + i, Label::cnode_move);
    }
    preempt_always = true;
    EXPECT_EQ(remove(20).error, Error::none);
    preempt_always = false;
    EXPECT_EQ(slot(400).next(), nullptr);
    EXPECT_EQ(revoke(untyped).error, Error::none);
    EXPECT_EQ(slot(untyped).next(), nullptr);
}

TEST_F(Delete, ACNodeThatHoldsItself) {
    make(ObjectType::cnode, 2, 20);
    put(20, 2, 1, 20);
    put(20, 2, 3, 20);
    preempt_always = true;
    EXPECT_EQ(remove(20).error, Error::none);
    // Not the last capability: the node lives on in itself, out of reach, until its memory goes.
    EXPECT_TRUE(slot(20).empty());
    EXPECT_EQ(revoke(untyped).error, Error::none);
    EXPECT_EQ(slot(untyped).next(), nullptr);
}

TEST_F(Delete, TwoCNodesThatHoldEachOther) {
    for (const bool preempt : {false, true}) {
        make(ObjectType::cnode, 1, 20, 2);
        put(20, 1, 1, 21);
        put(21, 1, 1, 20);
        EXPECT_EQ(remove(20).error, Error::none);
        EXPECT_EQ(remove(21).error, Error::none);
        preempt_always = preempt;
        EXPECT_EQ(revoke(untyped).error, Error::none);
        EXPECT_EQ(slot(untyped).next(), nullptr);
        preempt_always = false;
    }
}

TEST_F(Delete, RevokeEndsWhatHungOnTheDescendants) {
    // One in each untyped; each holds the only capability of the other, and the second a thread's.
    make(ObjectType::untyped, 16, 10, 2);
    make(ObjectType::cnode, 1, 20, 1, 10);
    make(ObjectType::cnode, 1, 21, 1, 11);
    make(ObjectType::tcb, 0, 22, 1, 11);
    put(21, 1, 0, 22, Label::cnode_move);
    put(21, 1, 1, 20);
    put(20, 1, 1, 21, Label::cnode_move);
    EXPECT_EQ(remove(20).error, Error::none);
    EXPECT_EQ(revoke(10).error, Error::none);
    // The second container is not below untyped 10, but nobody can reach it any more.
    EXPECT_FALSE(has_children(slot(11)));
}

TEST_F(Delete, RandomGraphsOfCNodesAndThreads) {
    std::mt19937 random(5);
    for (int round = 0; round < 150; ++round) {
        constexpr std::uint64_t nodes = 12;
        preempt_always = false;
        make(ObjectType::cnode, 3, 20, nodes);
        make(ObjectType::tcb, 0, 40, 4);
        make(ObjectType::endpoint, 0, 50, 2);
        for (int step = 0; step < 60; ++step) {
            const std::uint64_t node = 20 + random() % nodes;
            std::uint64_t source = 20 + random() % nodes;
            if (random() % 3 == 0) source = 40 + random() % 4;
            if (random() % 5 == 0) source = 50 + random() % 2;
            if (slot(node).empty() || slot(source).empty()) continue;
            const std::uint64_t index = random() % 8;
            if (random() % 3 == 0) {
                invoke(node, Label::cnode_move, {index, 3, source, 64}, {cnode});
            } else {
                invoke(node, Label::cnode_copy, {index, 3, source, 64, 15}, {cnode});
            }
        }
        // Some threads use the nodes as their space.
        for (std::uint64_t tcb_slot = 40; tcb_slot < 44; ++tcb_slot) {
            if (slot(tcb_slot).empty()) continue;
            Tcb& thread = slot(tcb_slot).cap.as<TcbCap>().object();
            const std::uint64_t node = 20 + random() % nodes;
            if (slot(node).cap.is<CNodeCap>() && thread.slot(TcbSlot::cspace).empty()) {
                insert_copy(thread.slot(TcbSlot::cspace), slot(node).cap, slot(node));
            }
        }
        preempt_always = random() % 2 == 0;
        for (std::uint64_t i = 20; i < 60; ++i) {
            if (random() % 3 == 0) remove(i);
            if (random() % 6 == 0) revoke(i);
        }
        EXPECT_EQ(revoke(untyped).error, Error::none);
        EXPECT_EQ(slot(untyped).next(), nullptr) << "round " << round;
        check_list();
        for (std::uint64_t i = 20; i < 60; ++i) EXPECT_TRUE(slot(i).empty());
        if (HasFailure()) return;
    }
}

TEST_F(Delete, RetypeClearsWhatWasUsed) {
    make(ObjectType::small_page, 0, 20, 4);
    auto* bytes =
        static_cast<unsigned char*>(arch::kernel_pointer(slot(20).cap.as<FrameCap>().paddr()));
    for (unsigned i = 0; i < 4 * 4096; ++i) bytes[i] = 0xa5;
    EXPECT_EQ(revoke(untyped).error, Error::none);
    preempt_always = true;
    make(ObjectType::endpoint, 0, 20);
    for (unsigned i = 0; i < 4 * 4096; ++i) ASSERT_EQ(bytes[i], 0) << i;
}

TEST_F(Delete, DeviceMemoryIsNeverTouched) {
    make(ObjectType::small_page, 0, 20, 2, device);
    EXPECT_TRUE(slot(20).cap.as<FrameCap>().device());
    EXPECT_EQ(revoke(device).error, Error::none);
    make(ObjectType::small_page, 0, 20, 1, device);
    EXPECT_EQ(slot(20).cap.as<FrameCap>().paddr(), PAddr(0x10'0000'0000));
    const Answer refused =
        invoke(device, Label::untyped_retype,
               {static_cast<std::uint64_t>(ObjectType::endpoint), 0, 0, 0, 30, 1}, {cnode});
    EXPECT_EQ(refused.error, Error::invalid_argument);
    EXPECT_EQ(refused.mr[0], 1u);
}

}  // namespace
}  // namespace numbat::test

// SPDX-License-Identifier: BSD-2-Clause
#include "cap/derivation.hpp"

#include <random>

#include "world.hpp"

namespace numbat::test {
namespace {

using abi::Error;
using abi::ObjectType;
using Label = abi::Invocation;

class Derivation : public World {};

TEST_F(Derivation, RevokingAPlainCopyDoesNothing) {
    make(ObjectType::endpoint, 0, 20);
    copy(21, 20);
    mint(22, 21, 5);
    EXPECT_EQ(revoke(21).error, Error::none);
    EXPECT_FALSE(slot(22).empty());
    EXPECT_EQ(revoke(20).error, Error::none);
    EXPECT_TRUE(slot(21).empty());
    EXPECT_TRUE(slot(22).empty());
    EXPECT_FALSE(slot(20).empty());
    check_list();
}

TEST_F(Derivation, RevokingAMintTakesItsOwnCopiesOnly) {
    make(ObjectType::endpoint, 0, 20);
    mint(21, 20, 5);
    mint(22, 20, 5);
    mint(23, 20, 6);
    copy(24, 21);
    copy(25, 24);
    copy(26, 22);
    EXPECT_EQ(revoke(21).error, Error::none);
    EXPECT_TRUE(slot(24).empty());
    EXPECT_TRUE(slot(25).empty());
    for (const std::uint64_t kept : {20, 21, 22, 23, 26}) EXPECT_FALSE(slot(kept).empty()) << kept;
}

TEST_F(Derivation, CopiesOfADeletedMintDoNotBecomeTheNextMintsChildren) {
    make(ObjectType::endpoint, 0, 20);
    mint(21, 20, 5);
    copy(22, 21);
    mint(23, 20, 5);  // directly behind the original: in front of 21 and 22
    EXPECT_EQ(remove(21).error, Error::none);
    EXPECT_EQ(revoke(23).error, Error::none);
    EXPECT_FALSE(slot(22).empty());
    EXPECT_EQ(revoke(20).error, Error::none);
    EXPECT_TRUE(slot(22).empty());
}

TEST_F(Derivation, ACopiedUntypedIsFull) {
    make(ObjectType::untyped, 12, 20);
    EXPECT_EQ(copy(21, 20).error, Error::none);
    Answer refused =
        invoke(20, Label::untyped_retype,
               {static_cast<std::uint64_t>(ObjectType::endpoint), 0, 0, 0, 30, 1}, {cnode});
    EXPECT_EQ(refused.error, Error::not_enough_memory);
    EXPECT_EQ(refused.mr[0], 0u);
    make(ObjectType::endpoint, 0, 30, 1, 21);
    EXPECT_EQ(copy(22, 21).error, Error::revoke_first);
    EXPECT_EQ(revoke(20).error, Error::none);
    EXPECT_TRUE(slot(21).empty());
    EXPECT_TRUE(slot(30).empty());
}

TEST_F(Derivation, NewObjectsStandInReverseOrderBehindTheUntyped) {
    make(ObjectType::notification, 0, 20, 3);
    const Slot* at = slot(untyped).next();
    for (const std::uint64_t index : {22, 21, 20}) {
        EXPECT_EQ(at, &slot(index));
        at = at->next();
    }
}

TEST_F(Derivation, RegionOfEachKind) {
    const auto cnode_cap = CNodeCap::make(nullptr, 4, 1, 2);
    EXPECT_TRUE(in_region(cnode_cap, CNodeCap::make(nullptr, 4)));
    EXPECT_FALSE(in_region(cnode_cap, CNodeCap::make(nullptr, 5)));
    EXPECT_TRUE(in_region(IrqControlCap::make(), IrqHandlerCap::make(33)));
    EXPECT_TRUE(in_region(IrqControlCap::make(), SgiSignalCap::make(3, 1)));
    EXPECT_FALSE(in_region(IrqHandlerCap::make(33), IrqHandlerCap::make(34)));
    EXPECT_FALSE(in_region(SgiSignalCap::make(3, 1), SgiSignalCap::make(3, 2)));
    const auto large =
        FrameCap::make(PAddr(0x4020'0000), FrameSize::large, FrameRights::read_write, false);
    const auto small =
        FrameCap::make(PAddr(0x4020'3000), FrameSize::small, FrameRights::read_write, false);
    EXPECT_TRUE(in_region(large, small));
    EXPECT_FALSE(in_region(small, large));
    EXPECT_FALSE(same_object(large, small));
    const auto memory = UntypedCap::make(PAddr(0x4020'0000), 21, false, 0);
    EXPECT_TRUE(in_region(memory, large));
    EXPECT_FALSE(in_region(UntypedCap::make(PAddr(0x4020'0000), 20, false, 0), large));
    EXPECT_FALSE(in_region(memory, DomainCap::make()));
    EXPECT_FALSE(same_object(memory, memory));
}

TEST_F(Derivation, RotateAndSwapKeepTheList) {
    make(ObjectType::tcb, 0, 20, 3);
    copy(23, 20);
    const auto rotate = [&](std::uint64_t to, std::uint64_t pivot, std::uint64_t from) {
        return invoke(cnode, Label::cnode_rotate, {to, 64, 0, pivot, 64, 0, from, 64},
                      {cnode, cnode});
    };
    const Cap a = slot(20).cap, b = slot(21).cap;
    EXPECT_EQ(rotate(20, 21, 20).error, Error::none);  // neighbours, swapped
    EXPECT_EQ(slot(20).cap, b);
    EXPECT_EQ(slot(21).cap, a);
    check_list();
    EXPECT_EQ(rotate(30, 21, 22).error, Error::none);
    EXPECT_EQ(slot(30).cap, a);
    EXPECT_TRUE(slot(22).empty());
    check_list();
    EXPECT_EQ(revoke(30).error, Error::none);
    EXPECT_TRUE(slot(23).empty());
}

TEST_F(Derivation, RandomOperationsLeaveAConsistentList) {
    std::mt19937 random(42);
    make(ObjectType::endpoint, 0, 20, 4);
    make(ObjectType::small_page, 0, 24, 4);
    make(ObjectType::untyped, 14, 28, 2);
    const std::size_t others = 0;
    for (int step = 0; step < 4000; ++step) {
        const std::uint64_t a = 20 + random() % 40;
        const std::uint64_t b = 20 + random() % 40;
        switch (random() % 7) {
            case 0:
                copy(a, b);
                break;
            case 1:
                mint(a, b, random() % 3);
                break;
            case 2:
                invoke(cnode, Label::cnode_move, {a, 64, b, 64}, {cnode});
                break;
            case 3:
                if (random() % 4 == 0) remove(a);
                break;
            case 4:
                if (random() % 8 == 0) revoke(a);
                break;
            case 5:
                invoke(cnode, Label::cnode_rotate, {a, 64, 0, b, 64, 0, 20 + random() % 40, 64},
                       {cnode, cnode});
                break;
            default:
                if (slot(a).cap.is<UntypedCap>() && slot(b).empty()) {
                    invoke(a, Label::untyped_retype,
                           {static_cast<std::uint64_t>(ObjectType::endpoint), 0, 0, 0, b, 1},
                           {cnode});
                }
                break;
        }
        if (step % 16 == 0) check_list();
        if (HasFailure()) return;
    }
    EXPECT_EQ(revoke(untyped).error, Error::none);
    for (std::uint64_t i = 20; i < 60; ++i) EXPECT_TRUE(slot(i).empty()) << i + others;
    check_list();
}

}  // namespace
}  // namespace numbat::test

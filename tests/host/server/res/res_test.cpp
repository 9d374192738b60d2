// SPDX-License-Identifier: BSD-2-Clause
#include "res/res.hpp"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "fake_server.hpp"
#include "res/cspace.hpp"
#include "res/detail.hpp"
#include "res/frame_pool.hpp"
#include "res/irq.hpp"
#include "res/owned.hpp"
#include "res/untyped.hpp"

namespace {

using namespace sos;
using abi::CapTag;
using fake::resources;

class ResTest : public testing::Test {
  protected:
    ResTest() : kernel(fake::server_kernel()), before(resources()) {}
    ~ResTest() override { EXPECT_EQ(resources(), before) << "the test leaked"; }

    CapTag tag(sel4::CPtr cptr) {
        fake::Slot* slot = kernel.find(cptr.raw());
        return slot == nullptr ? CapTag::null : slot->cap.tag;
    }

    fake::FakeKernel& kernel;
    abi::ResourceCount before;
};

TEST_F(ResTest, InitialCapabilitiesKeepTheirNumbers) {
    EXPECT_EQ(tag(sel4::CPtr{abi::init_cap::tcb}), CapTag::tcb);
    EXPECT_EQ(tag(sel4::CPtr{abi::init_cap::vspace}), CapTag::vspace);
    EXPECT_EQ(tag(res::root_cnode), CapTag::cnode);
    EXPECT_EQ(kernel.find(res::root_cnode.raw())->cap.object->slots.size(),
              std::size_t{1} << res::cspace_root_bits);
}

TEST_F(ResTest, SlotDeletesWhatIsInIt) {
    const std::size_t capabilities = kernel.capabilities();
    sel4::CPtr place;
    {
        res::Slot slot = *res::copy(sel4::CPtr{abi::init_cap::tcb});
        place = slot.cptr();
        EXPECT_EQ(tag(place), CapTag::tcb);
        EXPECT_EQ(resources().slots, before.slots + 1);
    }
    EXPECT_EQ(tag(place), CapTag::null);
    EXPECT_EQ(kernel.capabilities(), capabilities);
}

TEST_F(ResTest, SlotSurvivesReleaseAndAdopt) {
    res::Slot slot = *res::take_slot();
    const sel4::CPtr place = slot.release();
    EXPECT_FALSE(slot.valid());
    EXPECT_EQ(resources().slots, before.slots + 1);
    slot = res::Slot::adopt(place);
    res::Slot moved = std::move(slot);
    EXPECT_EQ(moved.cptr(), place);
}

TEST_F(ResTest, SlotsGrowBeyondTheBootNode) {
    std::vector<res::Slot> slots;
    for (int i = 0; i < 10'000; ++i) {
        auto slot = res::copy(sel4::CPtr{abi::init_cap::tcb});
        ASSERT_TRUE(slot.has_value()) << i;
        slots.push_back(std::move(*slot));
    }
    EXPECT_EQ(tag(slots.back().cptr()), CapTag::tcb);
    EXPECT_GE(slots.back().cptr().raw(), 4096u);
}

TEST_F(ResTest, NearSlotsLieInTheRoot) {
    {
        const auto endpoint = *res::make_endpoint();
        EXPECT_TRUE(res::is_near(endpoint.cptr()));
        EXPECT_EQ(tag(endpoint.cptr()), CapTag::endpoint);
        const res::Slot badged = *res::mint(endpoint.cptr(), abi::rights::all, 5);
        EXPECT_FALSE(res::is_near(badged.cptr()));
        EXPECT_EQ(kernel.find(badged.cptr().raw())->cap.badge, 5u);
    }
    EXPECT_EQ(resources().slots, before.slots);
}

TEST_F(ResTest, OtherSlotsServeWhenNoNearOneIsLeft) {
    std::vector<res::Slot> slots;
    std::set<std::uint64_t> places;
    do {
        slots.push_back(*res::take_slot(res::Place::near));
        EXPECT_TRUE(places.insert(slots.back().cptr().raw()).second);
    } while (res::is_near(slots.back().cptr()));
    EXPECT_LE(slots.size(), res::near_slots + 1);
    EXPECT_GT(slots.size(), res::near_slots - 100);  // the server has few
    const sel4::CPtr freed = slots[700].cptr();
    slots[700].reset();
    EXPECT_EQ(res::take_slot(res::Place::near)->cptr(), freed);
}

TEST_F(ResTest, MakesEveryKindOfObject) {
    {
        auto tcb = *res::make_tcb();
        auto endpoint = *res::make_endpoint();
        auto notification = *res::make_notification();
        auto cnode = *res::make_cnode(5);
        auto context = *res::make_sched_context();
        auto big_context = *res::make_sched_context(9);
        auto reply = *res::make_reply();
        auto vspace = *res::make_vspace();
        auto table = *res::make_page_table();
        auto frame = *res::make_frame();
        EXPECT_EQ(tag(tcb.cptr()), CapTag::tcb);
        EXPECT_EQ(tag(endpoint.cptr()), CapTag::endpoint);
        EXPECT_EQ(tag(notification.cptr()), CapTag::notification);
        EXPECT_EQ(tag(cnode.cptr()), CapTag::cnode);
        EXPECT_EQ(tag(context.cptr()), CapTag::sched_context);
        EXPECT_EQ(tag(reply.cptr()), CapTag::reply);
        EXPECT_EQ(tag(vspace.cptr()), CapTag::vspace);
        EXPECT_NE(kernel.find(vspace.cptr().raw())->cap.object->asid, 0u);
        EXPECT_EQ(tag(table.cptr()), CapTag::page_table);
        EXPECT_EQ(tag(frame.cptr()), CapTag::frame);
        const abi::ResourceCount now = resources();
        EXPECT_EQ(now.slots, before.slots + 10);
        EXPECT_EQ(now.untyped_bytes - before.untyped_bytes,
                  2048u + 16 + 64 + 1024 + 128 + 512 + 32 + 3 * 4096);
        EXPECT_EQ(now.reply_objects, before.reply_objects + 1);
    }
}

TEST_F(ResTest, MintedBadgeAndRights) {
    auto endpoint = *res::make_endpoint();
    auto badged = *res::mint(endpoint.cptr(), abi::rights::write, 42);
    EXPECT_EQ(kernel.find(badged.cptr().raw())->cap.badge, 42u);
    EXPECT_EQ(kernel.find(badged.cptr().raw())->cap.rights, abi::rights::write);
    EXPECT_EQ(res::mint(badged.cptr(), abi::rights::all, 43).error(), Error::kernel_refused);
}

TEST_F(ResTest, MintsIntoAnotherCNode) {
    auto endpoint = *res::make_endpoint();
    auto cnode = *res::make_cnode(4);
    ASSERT_TRUE(res::mint_into({.root = cnode.cptr(), .index = 1, .depth = 4}, endpoint.cptr(),
                               abi::rights::write_grant_reply, 7));
    EXPECT_EQ(kernel.find(cnode.cptr().raw())->cap.object->slots[1].cap.badge, 7u);
}

TEST_F(ResTest, UntypedsOfAllSizesAreDisjointAndAligned) {
    std::vector<res::Untyped> taken;
    std::map<std::uint64_t, std::uint64_t> ranges;
    for (unsigned round = 0; round < 40; ++round) {
        for (unsigned bits = 4; bits <= 17; ++bits) {
            auto untyped = res::take_untyped(bits);
            ASSERT_TRUE(untyped.has_value()) << bits;
            EXPECT_EQ(untyped->size_bits(), bits);
            const fake::Cap& cap = kernel.find(untyped->cptr().raw())->cap;
            EXPECT_EQ(cap.size_bits, bits);
            EXPECT_TRUE(base::aligned(cap.paddr, base::bit(bits)));
            ranges[cap.paddr] = cap.paddr + base::bit(bits);
            taken.push_back(std::move(*untyped));
        }
    }
    EXPECT_EQ(ranges.size(), taken.size());
    std::uint64_t end = 0;
    for (const auto& [from, to] : ranges) {
        EXPECT_GE(from, end);
        end = to;
    }
}

TEST_F(ResTest, UnusedPiecesBecomeBlocksAgainWhenMemoryIsShort) {
    // Use up everything as small pieces, then everything again as whole blocks.
    std::vector<res::Untyped> small;
    while (auto untyped = res::take_untyped(12)) small.push_back(std::move(*untyped));
    EXPECT_GT(small.size(), 8'000u);
    EXPECT_EQ(res::take_untyped(4).error(), Error::no_memory);
    EXPECT_EQ(res::make_endpoint().error(), Error::no_memory);
    small.clear();
    std::vector<res::Untyped> blocks;
    while (auto untyped = res::take_untyped(21)) blocks.push_back(std::move(*untyped));
    EXPECT_GE(blocks.size(), 15u);
    blocks.clear();
    auto again = res::take_untyped(12);
    EXPECT_TRUE(again.has_value());
}

TEST_F(ResTest, NoCutMakesManyPieces) {
    // Who needs the first page of a block does not pay for all of them.
    std::vector<res::Untyped> pages;
    for (int i = 0; i < 3 * 512; ++i) {
        const std::size_t before_this = kernel.capabilities();
        pages.push_back(*res::take_untyped(12));
        EXPECT_LE(kernel.capabilities() - before_this, 64u) << i;
    }
}

TEST_F(ResTest, ReuseClearsOnlyThePiece) {
    { auto warm = *res::make_tcb(); }
    const std::uint64_t cleared = kernel.bytes_cleared();
    { auto tcb = *res::make_tcb(); }
    EXPECT_EQ(kernel.bytes_cleared() - cleared, 2048u);
}

TEST_F(ResTest, EachFailingStepGivesEverythingBack) {
    { auto warm = *res::make_vspace(); }  // so that the pools are cut
    for (std::uint64_t n = 1;; ++n) {
        res::fail_after(n);
        auto vspace = res::make_vspace();
        res::fail_after(0);
        if (vspace) {
            EXPECT_GT(n, 2u);
            break;
        }
        EXPECT_EQ(resources(), before);
    }
    for (std::uint64_t n = 1;; ++n) {
        kernel.fail_call(n);
        auto vspace = res::make_vspace();
        kernel.fail_call(0);
        if (vspace) break;
        EXPECT_EQ(vspace.error(), Error::no_memory);
        EXPECT_EQ(resources(), before);
    }
}

TEST_F(ResTest, AddressSpacesUseBothPools) {
    std::vector<res::OwnedVSpace> spaces;
    Error error{};
    while (true) {
        auto space = res::make_vspace();
        if (!space) {
            error = space.error();
            break;
        }
        spaces.push_back(std::move(*space));
    }
    EXPECT_EQ(spaces.size(), 1024u - 2);  // 0 is never used, 1 is the server's
    EXPECT_EQ(error, Error::limit_reached);
}

TEST_F(ResTest, InterruptsAreTakenOnce) {
    {
        auto irq = res::take_irq(33, res::Trigger::level);
        ASSERT_TRUE(irq.has_value());
        EXPECT_EQ(tag(irq->cptr()), CapTag::irq_handler);
        EXPECT_EQ(res::take_irq(33, res::Trigger::level).error(), Error::busy);
    }
    EXPECT_EQ(res::take_irq(27, res::Trigger::level).error(), Error::busy);
    EXPECT_EQ(res::take_irq(1000, res::Trigger::edge).error(), Error::bad_argument);
}

TEST_F(ResTest, FreshFramesAreZeroMappedAndCopied) {
    const std::uint32_t capacity = res::frame_capacity();
    EXPECT_GT(capacity, 2'000u);
    for (int i = 0; i < 600; ++i) {
        const auto frame = res::take_fresh_frame();
        ASSERT_TRUE(frame.has_value());
        EXPECT_NE(frame->raw(), 0u);
        std::byte* data = res::frame_data(*frame);
        EXPECT_EQ(data[0], std::byte{0});
        data[4095] = std::byte{0x5a};
        const fake::Cap& cap = kernel.find(res::frame_cap(*frame).raw())->cap;
        const fake::Cap& user = kernel.find(res::user_frame_cap(*frame).raw())->cap;
        EXPECT_EQ(cap.paddr, user.paddr);
        EXPECT_EQ(user.asid, 0u);
        EXPECT_EQ(*(kernel.physical(cap.paddr) + 4095), std::byte{0x5a});
    }
    EXPECT_EQ(res::frame_capacity(), capacity);
}

TEST_F(ResTest, FailedChunkGivesEverythingBack) {
    // Until the next frame needs a new chunk.
    while ((res::take_fresh_frame()->raw() + 1) % 512 != 0) {
    }
    const std::size_t capabilities = kernel.capabilities();
    for (std::uint64_t n = 1;; ++n) {
        kernel.fail_call(n);
        const auto frame = res::take_fresh_frame();
        kernel.fail_call(0);
        if (frame) break;
        if (n < 4) {
            EXPECT_EQ(kernel.capabilities(), capabilities) << n;
        }
    }
    EXPECT_TRUE(res::take_fresh_frame().has_value());
}

}  // namespace

// SPDX-License-Identifier: BSD-2-Clause
#include "cap/cap.hpp"

#include <gtest/gtest.h>

#include "cap/derivation.hpp"
#include "fake_arch.hpp"
#include "object/endpoint.hpp"
#include "object/notification.hpp"

namespace numbat {
namespace {

Endpoint& endpoint_at(std::uint64_t offset) {
    return *static_cast<Endpoint*>(arch::kernel_pointer(PAddr(fake::ram_start + offset)));
}

TEST(Cap, ZeroIsNull) {
    EXPECT_TRUE(Cap{}.is_null());
    EXPECT_EQ(sizeof(Cap), 16u);
}

TEST(Cap, EndpointKeepsAllFields) {
    const auto cap = EndpointCap::make(endpoint_at(0x40), ~0ull, abi::rights::write_grant_reply);
    EXPECT_EQ(cap.tag(), CapTag::endpoint);
    EXPECT_EQ(&cap.object(), &endpoint_at(0x40));
    EXPECT_EQ(cap.badge(), ~0ull);
    EXPECT_TRUE(cap.can_write());
    EXPECT_FALSE(cap.can_read());
    EXPECT_FALSE(cap.can_grant());
    EXPECT_TRUE(cap.can_grant_reply());
}

TEST(Cap, UntypedAtTheEdges) {
    const auto cap = UntypedCap::make(PAddr(0xff'ffff'0000), 47, true, 1ull << 47);
    EXPECT_EQ(cap.paddr().raw(), 0xff'ffff'0000u);
    EXPECT_EQ(cap.size_bits(), 47u);
    EXPECT_TRUE(cap.device());
    EXPECT_EQ(cap.free_offset(), 1ull << 47);
}

TEST(Cap, FrameMapping) {
    auto cap = FrameCap::make(PAddr(0x4020'0000), FrameSize::large, FrameRights::read_only, false);
    EXPECT_FALSE(cap.mapped());
    cap.set_mapping(0xffff, VAddr(0x7fff'ffe0'0000));
    EXPECT_TRUE(cap.mapped());
    EXPECT_EQ(cap.asid(), 0xffff);
    EXPECT_EQ(cap.vaddr().raw(), 0x7fff'ffe0'0000u);
    EXPECT_EQ(cap.size_bits(), 21u);
    EXPECT_EQ(cap.rights(), FrameRights::read_only);
    cap.clear_mapping();
    EXPECT_FALSE(cap.mapped());
}

TEST(Cap, ZombieCountsBeyondThirtyBits) {
    auto zombie = ZombieCap::make(nullptr, 33, 1ull << 33);
    zombie.set_next_pending(0x3'ffff'ffff);
    zombie.set_pending(true);
    EXPECT_EQ(zombie.remaining(), 1ull << 33);
    zombie.set_remaining((1ull << 33) - 1);
    EXPECT_EQ(zombie.remaining(), (1ull << 33) - 1);
    EXPECT_EQ(zombie.next_pending(), 0x3'ffff'ffffu);
    EXPECT_EQ(zombie.radix(), 33u);
    EXPECT_TRUE(zombie.pending());
}

TEST(Cap, GuardDataIsCutToItsSize) {
    const CNodeCap node = CNodeCap::make(nullptr, 4);
    const Cap guarded = apply_data(node, (0xabcull << 6) | 8, DataMode::fresh);
    ASSERT_TRUE(guarded.is<CNodeCap>());
    EXPECT_EQ(guarded.as<CNodeCap>().guard_size(), 8u);
    EXPECT_EQ(guarded.as<CNodeCap>().guard(), 0xbcu);
    EXPECT_FALSE(apply_data(node, 60, DataMode::preserve).is_null());
    EXPECT_TRUE(apply_data(node, 61, DataMode::preserve).is_null());
}

TEST(Cap, BadgesAreSetOnceAndNeverMutated) {
    const auto plain = EndpointCap::make(endpoint_at(0), 0, abi::rights::all);
    const Cap badged = apply_data(plain, 7, DataMode::fresh);
    EXPECT_EQ(badged.as<EndpointCap>().badge(), 7u);
    EXPECT_TRUE(apply_data(badged, 0, DataMode::fresh).is_null());
    EXPECT_TRUE(apply_data(plain, 7, DataMode::preserve).is_null());
}

TEST(Cap, RightsAreOnlyReduced) {
    const auto some = EndpointCap::make(endpoint_at(0), 0, abi::rights::write);
    EXPECT_EQ(mask_rights(some, abi::rights::all).as<EndpointCap>().rights(), abi::rights::write);
    struct {
        FrameRights from;
        abi::CapRights mask;
        FrameRights to;
    } const rows[] = {
        {FrameRights::read_write, abi::rights::read_write, FrameRights::read_write},
        {FrameRights::read_write, abi::rights::read, FrameRights::read_only},
        {FrameRights::read_write, abi::rights::write, FrameRights::none},
        {FrameRights::read_only, abi::rights::all, FrameRights::read_only},
        {FrameRights::read_only, abi::rights::none, FrameRights::none},
        {FrameRights::none, abi::rights::all, FrameRights::none},
    };
    for (const auto& row : rows) {
        const auto frame = FrameCap::make(PAddr(0x4000'0000), FrameSize::small, row.from, false);
        EXPECT_EQ(mask_rights(frame, row.mask).as<FrameCap>().rights(), row.to);
    }
}

}  // namespace
}  // namespace numbat

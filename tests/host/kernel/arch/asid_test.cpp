// SPDX-License-Identifier: BSD-2-Clause
// ASIDControl and ASIDPool invocations (sel4-abi 7.10.6 and 7.10.7), and the end of a pool.
#include "world.hpp"

namespace kernel_test {
namespace {

using enum abi::Invocation;
using abi::Error;
using numbat::AsidControlCap;
using numbat::AsidPoolCap;

class AsidTest : public World {
  protected:
    AsidTest()
        : control_(slot_with(AsidControlCap::make())),
          untyped_(slot_with(UntypedCap::make(allocate(4096), 12, false, 0))) {
        target_slot = &target_;
    }

    Answer make_pool(std::uint64_t depth = 64) {
        return invoke(control_, asid_control_make_pool, {5, depth}, {&untyped_, &root_});
    }

    Slot control_;
    Slot untyped_;
    Slot root_{};
    Slot target_{};
};

TEST_F(AsidTest, MakePoolTakesTheLowestFreePool) {
    numbat::asid_pools[1] = &pool();
    const auto address = untyped_.cap.as<UntypedCap>().paddr();
    *table_at(address) = 5;
    EXPECT_EQ(make_pool(), ok());
    const auto made = target_.cap.as<AsidPoolCap>();
    EXPECT_EQ(made.base(), 2 * 512);
    EXPECT_EQ(numbat::asid_pools[2], &made.pool<numbat::AsidPool>());
    EXPECT_EQ(*table_at(address), 0u);
    EXPECT_EQ(untyped_.cap.as<UntypedCap>().free_offset(), 4096u);
}

TEST_F(AsidTest, MakePoolRefusesInThisOrder) {
    EXPECT_EQ(invoke(control_, asid_pool_assign), error(Error::illegal_operation));
    EXPECT_EQ(invoke(control_, asid_control_make_pool, {5}, {&root_, &root_}),
              error(Error::truncated_message));
    EXPECT_EQ(invoke(control_, asid_control_make_pool, {5, 0}, {&root_}),
              error(Error::truncated_message));
    const auto pools = numbat::asid_pools;
    numbat::asid_pools.fill(&pool());
    EXPECT_EQ(invoke(control_, asid_control_make_pool, {5, 0}, {&root_, &root_}),
              error(Error::delete_first));
    numbat::asid_pools = pools;
    EXPECT_EQ(invoke(control_, asid_control_make_pool, {5, 0}, {&root_, &root_}),
              error(Error::invalid_capability, 1));
    children = true;
    for (const auto& [bits, device] : {std::pair{13u, false}, {11u, false}, {12u, true}}) {
        Slot wrong = slot_with(UntypedCap::make(PAddr{0x4100'0000}, bits, device, 0));
        EXPECT_EQ(invoke(control_, asid_control_make_pool, {5, 0}, {&wrong, &root_}),
                  error(Error::invalid_capability, 1));
    }
    EXPECT_EQ(make_pool(0), error(Error::revoke_first));
    children = false;
    EXPECT_EQ(make_pool(0), error(Error::range_error, 1, 64));
    target_.cap = AsidControlCap::make();
    EXPECT_EQ(make_pool(), error(Error::delete_first));
}

TEST_F(AsidTest, AssignTakesTheLowestFreeAsid) {
    Slot boot_pool = slot_with(AsidPoolCap::make(&pool(), 0));
    Slot space = slot_with(VSpaceCap::make(table_at(allocate(4096))));
    EXPECT_EQ(invoke(boot_pool, asid_pool_assign, {}, {&space}), ok());
    EXPECT_EQ(space.cap.as<VSpaceCap>().asid(), 1);  // 0 is never given out
    EXPECT_EQ(numbat::vspace_of(1), space.cap.as<VSpaceCap>().table());
    EXPECT_EQ(make_pool(), ok());
    Slot other = slot_with(VSpaceCap::make(table_at(allocate(4096))));
    EXPECT_EQ(invoke(target_, asid_pool_assign, {}, {&other}), ok());
    EXPECT_EQ(other.cap.as<VSpaceCap>().asid(), 512);
}

TEST_F(AsidTest, AssignRefusesInThisOrder) {
    EXPECT_EQ(make_pool(), ok());
    Slot assigned = make_vspace(4);
    Slot space = slot_with(VSpaceCap::make(table_at(allocate(4096))));
    EXPECT_EQ(invoke(target_, page_map), error(Error::illegal_operation));
    EXPECT_EQ(invoke(target_, asid_pool_assign), error(Error::truncated_message));
    EXPECT_EQ(invoke(target_, asid_pool_assign, {}, {&root_}), error(Error::invalid_capability, 1));
    EXPECT_EQ(invoke(target_, asid_pool_assign, {}, {&assigned}),
              error(Error::invalid_capability, 1));
    numbat::AsidPool* own = numbat::asid_pools[1];
    numbat::asid_pools[1] = nullptr;
    EXPECT_EQ(invoke(target_, asid_pool_assign, {}, {&space}), invalid_root());
    numbat::asid_pools[1] = &pool();
    EXPECT_EQ(invoke(target_, asid_pool_assign, {}, {&space}), error(Error::invalid_capability, 0));
    numbat::asid_pools[1] = own;
    for (auto*& table : own->tables) table = table_at(PAddr{memory_start});
    EXPECT_EQ(invoke(target_, asid_pool_assign, {}, {&space}), error(Error::delete_first));
}

TEST_F(AsidTest, TheEndOfAPoolUnassignsItsSpaces) {
    EXPECT_EQ(make_pool(), ok());
    Slot space = slot_with(VSpaceCap::make(table_at(allocate(4096))));
    EXPECT_EQ(invoke(target_, asid_pool_assign, {}, {&space}), ok());
    current_ttbr0 = arch::ttbr0_entry(space.cap.as<VSpaceCap>().table());
    const auto cap = target_.cap.as<AsidPoolCap>();
    EXPECT_NE(numbat::vspace_of(512), nullptr);
    events.clear();
    while (!numbat::release_asids(cap)) {
    }
    numbat::finalise_asid_pool(cap);
    EXPECT_EQ(numbat::vspace_of(512), nullptr);
    EXPECT_EQ(numbat::asid_pools[1], nullptr);
    EXPECT_EQ(current_ttbr0, 0u);
    EXPECT_EQ(events, std::vector<std::string>{"tlb asid 512"});
}

}  // namespace
}  // namespace kernel_test

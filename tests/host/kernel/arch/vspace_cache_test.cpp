// SPDX-License-Identifier: BSD-2-Clause
// Cache operations on address spaces (sel4-abi 7.10.5), and the end of an address space.
#include "world.hpp"

namespace kernel_test {
namespace {

using enum abi::Invocation;
using abi::Error;
using Events = std::vector<std::string>;

class VSpaceCache : public World {
  protected:
    static constexpr std::uint64_t page = 0x5000;

    VSpaceCache() : space_(make_vspace(9)), frame_(frame_slot(allocate(4096))) {
        make_tables(space_, page, 12);
        EXPECT_EQ(invoke(frame_, page_map, {page, 2, 3}, {&space_}), ok());
        events.clear();
    }

    Slot space_;
    Slot frame_;
};

TEST_F(VSpaceCache, WorksOnThePageThatHoldsTheRange) {
    EXPECT_EQ(invoke(space_, vspace_clean_data, {page + 8, page + 16}), ok());
    EXPECT_EQ(invoke(space_, vspace_clean_invalidate_data, {page, page + 0x1000}), ok());
    EXPECT_EQ(invoke(space_, vspace_unify_instruction, {page, page + 4}), ok());
    const unsigned long long at = frame_.cap.as<FrameCap>().paddr().raw();
    char expected[3][64];
    std::snprintf(expected[0], 64, "clean %llx..%llx", at + 8, at + 16);
    std::snprintf(expected[1], 64, "clean-invalidate %llx..%llx", at, at + 0x1000);
    std::snprintf(expected[2], 64, "unify %llx..%llx", at, at + 4);
    EXPECT_EQ(events, Events(expected, expected + 3));
}

/// What was cleaned, in order, if each piece begins where the one before ended.
std::pair<std::uint64_t, std::uint64_t> cleaned(const Events& events) {
    std::uint64_t from = 0, to = 0, start, end;
    for (const std::string& event : events) {
        if (std::sscanf(event.c_str(), "clean %lx..%lx", &start, &end) != 2) return {};
        if (to == 0) from = start;
        if (to != 0 && to != start) return {};
        to = end;
    }
    return {from, to};
}

TEST_F(VSpaceCache, GoesOnWhereItWasInterrupted) {
    const auto at = allocate(1u << 21);
    Slot large = frame_slot(at, FrameSize::large);
    make_tables(space_, 0x20'0000, 21);
    ASSERT_EQ(invoke(large, page_map, {0x20'0000, 3, 3}, {&space_}), ok());
    events.clear();
    interrupts = true;
    EXPECT_EQ(invoke(large, page_clean_data, {100, (1u << 21) - 1}), ok());
    EXPECT_EQ(rounds(), 512u);
    EXPECT_EQ(cleaned(events), std::pair(at.raw() + 100, at.raw() + (1u << 21) - 1));
    events.clear();
    EXPECT_EQ(invoke(space_, vspace_clean_data, {0x20'1000, 0x20'4001}), ok());
    EXPECT_EQ(rounds(), 4u);
    EXPECT_EQ(cleaned(events), std::pair(at.raw() + 0x1000, at.raw() + 0x4001));
    // What fits into a page is done at once.
    EXPECT_EQ(invoke(space_, vspace_clean_data, {0x20'1000, 0x20'2000}), ok());
    EXPECT_EQ(rounds(), 1u);
}

TEST_F(VSpaceCache, RefusesInThisOrder) {
    Slot unassigned = slot_with(VSpaceCap::make(table_at(allocate(4096))));
    Slot stale = slot_with(VSpaceCap::make(table_at(allocate(4096)), 600));
    Slot impostor = slot_with(VSpaceCap::make(table_at(allocate(4096)), 9));
    constexpr std::uint64_t top = abi::user_top;
    EXPECT_EQ(invoke(unassigned, vspace_clean_data, {top + 1}), error(Error::truncated_message));
    EXPECT_EQ(invoke(unassigned, vspace_clean_data, {top + 1, top + 1}),
              error(Error::invalid_argument, 1));
    EXPECT_EQ(invoke(unassigned, vspace_clean_data, {0, top + 1}), error(Error::illegal_operation));
    EXPECT_EQ(invoke(unassigned, vspace_clean_data, {0, 1}), error(Error::invalid_capability, 0));
    EXPECT_EQ(invoke(stale, vspace_clean_data, {0, 1}), invalid_root());
    EXPECT_EQ(invoke(impostor, vspace_clean_data, {0, 1}), error(Error::invalid_capability, 0));
    EXPECT_EQ(invoke(space_, vspace_invalidate_data, {0, top}), ok());  // nothing mapped there
    EXPECT_EQ(invoke(space_, vspace_invalidate_data, {page + 8, page + 0x1001}),
              error(Error::range_error, page + 8, page + 0xfff));
    EXPECT_EQ(invoke(space_, vspace_invalidate_data, {page, page + 1}),
              error(Error::illegal_operation));
    EXPECT_TRUE(events.empty());
}

TEST_F(VSpaceCache, DeletionFreesTheAsid) {
    const auto cap = space_.cap.as<VSpaceCap>();
    current_ttbr0 = arch::ttbr0_entry(cap.table());
    EXPECT_EQ(numbat::vspace_of(9), cap.table());
    numbat::finalise_vspace(cap);
    EXPECT_EQ(numbat::vspace_of(9), nullptr);
    EXPECT_EQ(current_ttbr0, 0u);
    EXPECT_EQ(events, Events{"tlb asid 9"});
    // Neither a second end nor one of an unassigned space does anything.
    numbat::finalise_vspace(cap);
    numbat::finalise_vspace(VSpaceCap::make(table_at(allocate(4096))));
    EXPECT_EQ(events.size(), 1u);
}

}  // namespace
}  // namespace kernel_test

// SPDX-License-Identifier: BSD-2-Clause
// PageTable invocations (sel4-abi 7.10.2) and what becomes of tables that go away.
#include "world.hpp"

namespace kernel_test {
namespace {

using enum abi::Invocation;
using abi::Error;
using Events = std::vector<std::string>;

class Table : public World {
  protected:
    Table() : space_(make_vspace(7)), table_(make_table()) {}

    Slot make_table() { return slot_with(PageTableCap::make(table_at(allocate(4096)))); }
    Answer map(Slot& table, std::uint64_t vaddr) {
        return invoke(table, page_table_map, {vaddr, 0}, {&space_});
    }
    PageTableCap cap(const Slot& table) { return table.cap.as<PageTableCap>(); }

    Slot space_;
    Slot table_;
};

TEST_F(Table, EachTableGoesToTheFirstMissingLevel) {
    Slot second = make_table(), third = make_table(), fourth = make_table();
    constexpr std::uint64_t vaddr = 0x12'3456'7890;
    EXPECT_EQ(map(table_, vaddr), ok());
    EXPECT_EQ(map(second, vaddr), ok());
    EXPECT_EQ(map(third, vaddr), ok());
    EXPECT_EQ(cap(table_).vaddr(), VAddr{0});
    EXPECT_EQ(cap(second).vaddr(), VAddr{0x12'0000'0000});
    EXPECT_EQ(cap(third).vaddr(), VAddr{0x12'3440'0000});
    EXPECT_EQ(cap(third).asid(), 7);
    EXPECT_EQ(walk(space_, vaddr).bits, 12u);
    EXPECT_EQ(map(fourth, vaddr), error(Error::delete_first));
    EXPECT_EQ(events, (Events{"publish", "publish", "publish"}));
}

TEST_F(Table, MapRefusesInThisOrder) {
    Slot nothing{};
    Slot unassigned = slot_with(VSpaceCap::make(table_at(allocate(4096))));
    Slot stale = slot_with(VSpaceCap::make(table_at(allocate(4096)), 600));
    Slot impostor = slot_with(VSpaceCap::make(table_at(allocate(4096)), 7));
    Slot mapped = make_table();
    EXPECT_EQ(map(mapped, 0), ok());
    constexpr std::uint64_t bad = 0x8000'0000'0000;
    EXPECT_EQ(invoke(mapped, page_table_map, {bad}, {&nothing}), error(Error::truncated_message));
    EXPECT_EQ(invoke(mapped, page_table_map, {bad, 0}, {}), error(Error::truncated_message));
    EXPECT_EQ(invoke(mapped, page_table_map, {bad, 0}, {&nothing}),
              error(Error::invalid_capability, 0));
    EXPECT_EQ(invoke(table_, page_table_map, {bad, 0}, {&nothing}),
              error(Error::invalid_capability, 1));
    EXPECT_EQ(invoke(table_, page_table_map, {bad, 0}, {&unassigned}),
              error(Error::invalid_capability, 1));
    EXPECT_EQ(invoke(table_, page_table_map, {bad, 0}, {&stale}),
              error(Error::invalid_argument, 0));
    EXPECT_EQ(invoke(table_, page_table_map, {0, 0}, {&stale}), invalid_root());
    EXPECT_EQ(invoke(table_, page_table_map, {0, 0}, {&impostor}),
              error(Error::invalid_capability, 1));
}

TEST_F(Table, ALargePageIsInTheWay) {
    make_tables(space_, 0, 21);
    Slot large = frame_slot(PAddr{0x20'0000}, FrameSize::large, FrameRights::read_write, true);
    EXPECT_EQ(invoke(large, page_map, {0, 3, 3}, {&space_}), ok());
    EXPECT_EQ(map(table_, 0x1000), error(Error::delete_first));
}

TEST_F(Table, UnmapClearsEntryAndContents) {
    make_tables(space_, 0, 21);
    EXPECT_EQ(map(table_, 0), ok());
    Slot frame = frame_slot(allocate(4096));
    EXPECT_EQ(invoke(frame, page_map, {0x1000, 3, 3}, {&space_}), ok());
    shared = true;
    EXPECT_EQ(invoke(table_, page_table_unmap), error(Error::revoke_first));
    shared = false;
    events.clear();
    EXPECT_EQ(invoke(table_, page_table_unmap), ok());
    EXPECT_FALSE(cap(table_).mapped());
    EXPECT_EQ(walk(space_, 0).bits, 21u);
    EXPECT_FALSE(arch::entry_valid(*walk(space_, 0).entry));
    EXPECT_EQ(cap(table_).table()[1], 0u);
    ASSERT_EQ(events.size(), 2u);
    EXPECT_EQ(events[0], "tlb asid 7");
    // The frame's capability is stale now; unmapping it is harmless.
    EXPECT_EQ(invoke(frame, page_unmap), ok());
    EXPECT_EQ(invoke(table_, page_table_unmap), ok());
    // The table can be mapped again elsewhere.
    EXPECT_EQ(map(table_, 0x20'0000), ok());
}

TEST_F(Table, DeletionTakesTheLastCapsTableOut) {
    EXPECT_EQ(map(table_, 0), ok());
    EXPECT_EQ(walk(space_, 0).bits, 30u);
    events.clear();
    numbat::finalise_page_table(cap(table_));
    EXPECT_EQ(walk(space_, 0).bits, 39u);
    EXPECT_EQ(events, Events{"tlb asid 7"});
}

TEST_F(Table, UnknownLabelsAreIllegal) {
    EXPECT_EQ(invoke(table_, page_map), error(Error::illegal_operation));
    EXPECT_EQ(invoke(space_, page_table_map), error(Error::illegal_operation));
}

}  // namespace
}  // namespace kernel_test

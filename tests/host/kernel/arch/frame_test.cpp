// SPDX-License-Identifier: BSD-2-Clause
// Page invocations: every check of sel4-abi 7.10.3 and 7.10.4 in its order, and what they write.
#include "world.hpp"

namespace kernel_test {
namespace {

using enum abi::Invocation;
using abi::Error;
using Events = std::vector<std::string>;

constexpr std::uint64_t vaddr = 0x40'3000;
constexpr std::uint64_t all_rights = 0xf;
constexpr std::uint64_t normal = abi::page_attributes::normal;

class Frame : public World {
  protected:
    Frame() : space_(make_vspace(3)), frame_(frame_slot(allocate(4096))) {
        make_tables(space_, vaddr, 12);
    }

    Answer map(std::uint64_t at = vaddr, std::uint64_t rights = all_rights,
               std::uint64_t attributes = normal) {
        return invoke(frame_, page_map, {at, rights, attributes}, {&space_});
    }
    arch::Entry entry() { return *walk(space_, vaddr).entry; }
    FrameCap cap() { return frame_.cap.as<FrameCap>(); }

    Slot space_;
    Slot frame_;
};

TEST_F(Frame, UnknownLabelsAreIllegal) {
    EXPECT_EQ(invoke(frame_, page_table_map), error(Error::illegal_operation));
    EXPECT_EQ(invoke(frame_, static_cast<abi::Invocation>(999)), error(Error::illegal_operation));
}

TEST_F(Frame, MapsAndPublishes) {
    EXPECT_EQ(map(), ok());
    EXPECT_EQ(entry(), cap().paddr().raw() | 0x0020'0000'0000'0c53);
    EXPECT_EQ(cap().asid(), 3);
    EXPECT_EQ(cap().vaddr(), VAddr{vaddr});
    EXPECT_EQ(events, Events{"publish"});
}

TEST_F(Frame, RightsAreTheIntersection) {
    const auto permissions = [&] { return entry() & arch::entry_bits::permissions; };
    EXPECT_EQ(map(vaddr, 2), ok());
    EXPECT_EQ(permissions(), arch::entry_bits::user_access | arch::entry_bits::read_only);
    EXPECT_EQ(map(vaddr, 3), ok());
    EXPECT_EQ(permissions(), arch::entry_bits::user_access);
    EXPECT_EQ(map(vaddr, 1), ok());  // write without read is nothing
    EXPECT_EQ(permissions(), arch::entry_bits::read_only);
    EXPECT_NE(entry() & arch::entry_bits::user_execute_never, 0u);
    FrameCap reduced = cap();
    reduced.set_rights(FrameRights::read_only);
    frame_.cap = reduced;
    EXPECT_EQ(map(), ok());
    EXPECT_EQ(permissions(), arch::entry_bits::user_access | arch::entry_bits::read_only);
}

TEST_F(Frame, AttributesChooseMemoryTypeAndExecution) {
    EXPECT_EQ(map(vaddr, all_rights, 0), ok());
    EXPECT_EQ(entry() & 0x1c, arch::memory_device);
    EXPECT_EQ(entry() & arch::entry_bits::user_execute_never, 0u);
    EXPECT_EQ(map(vaddr, all_rights, ~0ull), ok());
    EXPECT_EQ(entry() & 0x1c, arch::memory_normal);
    EXPECT_NE(entry() & arch::entry_bits::user_execute_never, 0u);
}

TEST_F(Frame, MapRefusesInThisOrder) {
    // Each call mends the first thing that is wrong and leaves the others.
    Slot nothing{};
    Slot unassigned = slot_with(VSpaceCap::make(table_at(allocate(4096))));
    Slot stale = slot_with(VSpaceCap::make(table_at(allocate(4096)), 600));
    Slot impostor = slot_with(VSpaceCap::make(table_at(allocate(4096)), 3));
    EXPECT_EQ(invoke(frame_, page_map, {1, 1}, {&nothing}), error(Error::truncated_message));
    EXPECT_EQ(invoke(frame_, page_map, {1, 1, 1}, {}), error(Error::truncated_message));
    EXPECT_EQ(invoke(frame_, page_map, {1, 1, 1}, {&nothing}), error(Error::invalid_capability, 1));
    EXPECT_EQ(invoke(frame_, page_map, {1, 1, 1}, {&unassigned}),
              error(Error::invalid_capability, 1));
    EXPECT_EQ(invoke(frame_, page_map, {1, 1, 1}, {&stale}), invalid_root());
    EXPECT_EQ(invoke(frame_, page_map, {1, 1, 1}, {&impostor}),
              error(Error::invalid_capability, 1));
    EXPECT_EQ(map(1), error(Error::alignment_error));
    EXPECT_EQ(map(0x8000'0000'0000), error(Error::invalid_argument, 0));
    EXPECT_EQ(map(0xffff'ffff'ffff'f000), error(Error::invalid_argument, 0));
    EXPECT_EQ(map(0x7fff'ffff'f000), missing(39));
    EXPECT_TRUE(events.empty());
    EXPECT_FALSE(cap().mapped());
}

TEST_F(Frame, AMappedCapStaysWhereItIs) {
    EXPECT_EQ(map(), ok());
    Slot other = make_vspace(4);
    make_tables(other, vaddr, 12);
    EXPECT_EQ(invoke(frame_, page_map, {vaddr, 3, 3}, {&other}),
              error(Error::invalid_capability, 1));
    EXPECT_EQ(map(vaddr + 0x1000), error(Error::invalid_argument, 0));
    EXPECT_EQ(map(0x8000'0000'0000), error(Error::invalid_argument, 0));
}

TEST_F(Frame, MissingLevelsAreNamed) {
    EXPECT_EQ(map(0x80'0000'0000), missing(39));
    EXPECT_EQ(map(0x4000'0000), missing(30));
    EXPECT_EQ(map(0x80'0000), missing(21));
    make_tables(space_, 0x1'4000'0000, 30);
    Slot large = frame_slot(PAddr{0x20'0000}, FrameSize::large, FrameRights::read_write, true);
    Slot huge = frame_slot(PAddr{0x4000'0000}, FrameSize::huge, FrameRights::read_write, true);
    EXPECT_EQ(invoke(large, page_map, {0x40'0000, 3, 3}, {&space_}), missing(12));
    EXPECT_EQ(invoke(huge, page_map, {0, 3, 3}, {&space_}), missing(21));
    EXPECT_EQ(invoke(huge, page_map, {0x1'4000'0000, 3, 3}, {&space_}), ok());
    EXPECT_EQ(*walk(space_, 0x1'4000'0000).entry & 3, 1u);
    EXPECT_EQ(map(0x1'4000'0000), missing(30));  // a larger page is there
}

TEST_F(Frame, LargePagesMayNotReachAboveTheTop) {
    Slot huge = frame_slot(PAddr{0x4000'0000}, FrameSize::huge, FrameRights::read_write, true);
    EXPECT_EQ(invoke(huge, page_map, {0x7fff'c000'0000, 3, 3}, {&space_}), missing(39));
    EXPECT_EQ(invoke(huge, page_map, {0x8000'0000'0000, 3, 3}, {&space_}),
              error(Error::invalid_argument, 0));
    EXPECT_EQ(invoke(huge, page_map, {0x7fff'c020'0000, 3, 3}, {&space_}),
              error(Error::alignment_error));
}

TEST_F(Frame, ReplacingAPageBreaksBeforeItMakes) {
    EXPECT_EQ(map(), ok());
    Slot second = frame_slot(allocate(4096));
    events.clear();
    EXPECT_EQ(invoke(second, page_map, {vaddr, 3, 3}, {&space_}), ok());
    EXPECT_EQ(events, (Events{"tlb page 3 403000", "publish"}));
    EXPECT_EQ(arch::entry_address(entry()), second.cap.as<FrameCap>().paddr());
    // The displaced capability is stale: unmapping it must not touch the other's page.
    events.clear();
    EXPECT_EQ(invoke(frame_, page_unmap), ok());
    EXPECT_FALSE(cap().mapped());
    EXPECT_TRUE(arch::entry_valid(entry()));
    EXPECT_TRUE(events.empty());
}

TEST_F(Frame, UnmapClearsTheEntry) {
    EXPECT_EQ(map(), ok());
    events.clear();
    EXPECT_EQ(invoke(frame_, page_unmap), ok());
    EXPECT_EQ(entry(), 0u);
    EXPECT_FALSE(cap().mapped());
    EXPECT_EQ(events, Events{"tlb page 3 403000"});
    EXPECT_EQ(invoke(frame_, page_unmap), ok());
}

TEST_F(Frame, UnmapSurvivesAGoneAddressSpace) {
    EXPECT_EQ(map(), ok());
    pool().tables[3] = nullptr;
    EXPECT_EQ(invoke(frame_, page_unmap), ok());
    EXPECT_FALSE(cap().mapped());
}

TEST_F(Frame, DeletionUnmaps) {
    EXPECT_EQ(map(), ok());
    numbat::finalise_frame(cap());
    EXPECT_EQ(entry(), 0u);
    Slot unmapped = frame_slot(allocate(4096));
    numbat::finalise_frame(unmapped.cap.as<FrameCap>());
}

TEST_F(Frame, TellsItsAddress) {
    EXPECT_EQ(invoke(frame_, page_get_address), ok());
    EXPECT_EQ(result(), cap().paddr().raw());
}

TEST_F(Frame, CacheOperationsUseTheWindow) {
    EXPECT_EQ(map(), ok());
    events.clear();
    EXPECT_EQ(invoke(frame_, page_clean_data, {0x10, 0x20}), ok());
    EXPECT_EQ(invoke(frame_, page_invalidate_data, {0, 0x1000}), ok());
    EXPECT_EQ(invoke(frame_, page_clean_invalidate_data, {0xfff, 0x1000}), ok());
    EXPECT_EQ(invoke(frame_, page_unify_instruction, {0, 1}), ok());
    char expected[4][64];
    const unsigned long long at = cap().paddr().raw();
    std::snprintf(expected[0], 64, "clean %llx..%llx", at + 0x10, at + 0x20);
    std::snprintf(expected[1], 64, "invalidate %llx..%llx", at, at + 0x1000);
    std::snprintf(expected[2], 64, "clean-invalidate %llx..%llx", at + 0xfff, at + 0x1000);
    std::snprintf(expected[3], 64, "unify %llx..%llx", at, at + 1);
    EXPECT_EQ(events, Events(expected, expected + 4));
}

TEST_F(Frame, CacheOperationsOnDevicesUseTheUsersAddress) {
    Slot device = frame_slot(PAddr{device_start}, FrameSize::small, FrameRights::read_write, true);
    EXPECT_EQ(invoke(device, page_map, {vaddr, 3, 0}, {&space_}), ok());
    events.clear();
    EXPECT_EQ(invoke(device, page_clean_data, {8, 16}), ok());
    EXPECT_EQ(events, (Events{"enter 3", "clean user 403008..403010", "return"}));
}

TEST_F(Frame, CacheOperationsRefuseInThisOrder) {
    EXPECT_EQ(invoke(frame_, page_clean_data, {5}), error(Error::truncated_message));
    EXPECT_EQ(invoke(frame_, page_clean_data, {5, 5}), error(Error::illegal_operation));
    EXPECT_EQ(map(vaddr, 2), ok());
    pool().tables[3] = nullptr;
    EXPECT_EQ(invoke(frame_, page_clean_data, {5, 5}), invalid_root());
    pool().tables[3] = space_.cap.as<VSpaceCap>().table();
    EXPECT_EQ(invoke(frame_, page_clean_data, {0x2000, 0x2000}), error(Error::invalid_argument, 1));
    EXPECT_EQ(invoke(frame_, page_clean_data, {0x1000, 0x1001}), error(Error::invalid_argument, 0));
    EXPECT_EQ(invoke(frame_, page_clean_data, {0, 0x1001}), error(Error::invalid_argument, 0));
    EXPECT_EQ(invoke(frame_, page_invalidate_data, {0, 8}), error(Error::illegal_operation));
    EXPECT_EQ(invoke(frame_, page_clean_data, {0, 8}), ok());
    *walk(space_, vaddr).entry = 0;
    EXPECT_EQ(invoke(frame_, page_clean_data, {0, 8}), error(Error::invalid_capability, 0));
}

TEST_F(Frame, RetypeMakesUnmappedCaps) {
    using abi::ObjectType;
    const PAddr at = allocate(4096);
    const auto page = numbat::create_arch_object(ObjectType::small_page, at, true).as<FrameCap>();
    EXPECT_TRUE(page.device());
    EXPECT_FALSE(page.mapped());
    EXPECT_EQ(page.rights(), FrameRights::read_write);
    EXPECT_EQ(page.paddr(), at);
    const auto size_of = [](ObjectType type) {
        return numbat::create_arch_object(type, PAddr{0x4000'0000}, false)
            .as<FrameCap>()
            .size_bits();
    };
    EXPECT_EQ(size_of(ObjectType::large_page), 21u);
    EXPECT_EQ(size_of(ObjectType::huge_page), 30u);
    EXPECT_FALSE(
        numbat::create_arch_object(ObjectType::page_table, at, false).as<PageTableCap>().mapped());
    EXPECT_FALSE(
        numbat::create_arch_object(ObjectType::vspace, at, false).as<VSpaceCap>().assigned());
}

}  // namespace
}  // namespace kernel_test

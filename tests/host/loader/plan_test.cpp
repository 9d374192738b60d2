// SPDX-License-Identifier: BSD-2-Clause
#include "plan.hpp"

#include <gtest/gtest.h>

#include "builders.hpp"

namespace loader_test {
namespace {

using loader::Error;
using loader::Failure;
using loader::Part;
using loader::Range;

constexpr Range own{0x4800'0000, 0x4840'0000};

struct Inputs {
    Bytes kernel = make_kernel();
    Bytes root_task = make_root_task();
    Bytes tree = make_tree();
    Range loader = own;

    loader::Result<loader::Plan> plan() const {
        return loader::make_plan({kernel, {}, root_task}, tree, loader);
    }
};

void expect_failure(const Inputs& inputs, Part part, Error error) {
    const auto plan = inputs.plan();
    ASSERT_FALSE(plan.has_value());
    EXPECT_EQ(plan.error(), (Failure{part, error})) << loader::describe(plan.error().error);
}

TEST(Plan, PlacesOneBehindTheOther) {
    const Inputs inputs;
    const auto plan = inputs.plan();
    ASSERT_TRUE(plan.has_value());
    EXPECT_EQ(plan->kernel_place, (Range{0x4000'0000, 0x4020'5001}));
    EXPECT_EQ(plan->tree_place, (Range{0x4020'6000, 0x4020'7000}));
    EXPECT_EQ(plan->root_place, (Range{0x4020'7000, 0x4020'd000}));
    EXPECT_EQ(plan->headers_place, (Range{0x4020'd000, 0x4020'e000}));
    EXPECT_EQ(plan->root_offset(), 0x4020'7000u - 0x40'0000u);
}

TEST(Plan, DropsTheUnusedEndOfATree) {
    Inputs inputs;
    const std::size_t used = inputs.tree.size();
    inputs.tree = make_tree(0x4000'0000, 0x4000'0000, 0x8'0000);
    const auto plan = inputs.plan();
    ASSERT_TRUE(plan.has_value());
    EXPECT_EQ(plan->tree.size(), used);
}

TEST(Plan, RefusesWhatDoesNotFitInRam) {
    Inputs inputs;
    inputs.tree = make_tree(0x4000'0000, 0x20'5000);
    expect_failure(inputs, Part::kernel, Error::does_not_fit_in_ram);
    inputs.tree = make_tree(0x4000'0000, 0x20'6000);
    expect_failure(inputs, Part::device_tree, Error::does_not_fit_in_ram);
    inputs.tree = make_tree(0x4000'0000, 0x20'c000);
    expect_failure(inputs, Part::root_task, Error::does_not_fit_in_ram);
    inputs.tree = make_tree(0x4000'0000, 0x20'd000);
    expect_failure(inputs, Part::root_task, Error::does_not_fit_in_ram);
    inputs.tree = make_tree(0x8000'0000, 0x4000'0000);
    expect_failure(inputs, Part::kernel, Error::does_not_fit_in_ram);
    inputs.tree = make_tree(0x4000'0000, 0x20'e000);
    EXPECT_TRUE(inputs.plan().has_value());
}

/// A tree with 1 GiB of memory and these reservations.
Bytes tree_that_reserves(std::initializer_list<std::pair<std::uint64_t, std::uint64_t>> ranges,
                         std::uint64_t node_start = 0, std::uint64_t node_size = 0) {
    TreeBuilder tree;
    tree.begin("")
        .cells("#address-cells", {2}, 4)
        .cells("#size-cells", {2}, 4)
        .begin("memory@40000000")
        .cells("reg", {0x4000'0000, 0x4000'0000}, 8)
        .text("device_type", "memory")
        .end();
    if (node_size != 0)
        tree.begin("reserved-memory")
            .begin("firmware")
            .cells("reg", {node_start, node_size}, 8)
            .end()
            .end();
    tree.end();
    for (const auto& [start, size] : ranges) tree.reserve(start, size);
    return tree.finish();
}

TEST(Plan, LeavesReservedMemoryAlone) {
    Inputs inputs;
    // The tree's page, then the root task's second one, then that of its headers.
    inputs.tree = tree_that_reserves({{0x4020'6800, 1}, {0x4020'9000, 0x1000}}, 0x4021'0000, 0x800);
    auto plan = inputs.plan();
    ASSERT_TRUE(plan.has_value());
    EXPECT_EQ(plan->kernel_place, (Range{0x4000'0000, 0x4020'5001}));
    EXPECT_EQ(plan->tree_place, (Range{0x4020'7000, 0x4020'8000}));
    EXPECT_EQ(plan->root_place, (Range{0x4020'a000, 0x4021'0000}));
    EXPECT_EQ(plan->headers_place, (Range{0x4021'1000, 0x4021'2000}));
    // Ranges that lie against the places do not move them.
    inputs.tree = tree_that_reserves({{0x4020'5001, 0xfff}, {0x4020'e000, 0x1000}});
    plan = inputs.plan();
    ASSERT_TRUE(plan.has_value());
    EXPECT_EQ(plan->tree_place.start, 0x4020'6000u);
    EXPECT_EQ(plan->headers_place.start, 0x4020'd000u);
}

TEST(Plan, RefusesReservationsThatLeaveNoPlace) {
    Inputs inputs;
    inputs.tree = tree_that_reserves({{0x4020'5000, 1}});
    expect_failure(inputs, Part::kernel, Error::overlaps_reserved);
    inputs.tree = tree_that_reserves({{0x4020'6000, 0x3fdf'a000}});
    expect_failure(inputs, Part::device_tree, Error::does_not_fit_in_ram);
    inputs.tree = tree_that_reserves({{0x4020'6000, 0xffff'ffff'bfdf'9fff}});
    expect_failure(inputs, Part::device_tree, Error::does_not_fit_in_ram);
    inputs.tree = tree_that_reserves({{1, 1},
                                      {2, 1},
                                      {3, 1},
                                      {4, 1},
                                      {5, 1},
                                      {6, 1},
                                      {7, 1},
                                      {8, 1},
                                      {9, 1},
                                      {10, 1},
                                      {11, 1},
                                      {12, 1},
                                      {13, 1},
                                      {14, 1},
                                      {15, 1},
                                      {16, 1},
                                      {17, 1}});
    expect_failure(inputs, Part::device_tree, Error::tree_too_many_reserved);
}

TEST(Plan, RefusesToOverwriteTheLoader) {
    Inputs inputs;
    inputs.loader = {0x4020'5000, 0x4030'0000};
    expect_failure(inputs, Part::kernel, Error::overlaps_loader);
    inputs.loader = {0x4020'6fff, 0x4030'0000};
    expect_failure(inputs, Part::device_tree, Error::overlaps_loader);
    inputs.loader = {0x4020'cfff, 0x4030'0000};
    expect_failure(inputs, Part::root_task, Error::overlaps_loader);
    inputs.loader = {0x4020'dfff, 0x4030'0000};
    expect_failure(inputs, Part::root_task, Error::overlaps_loader);
    inputs.loader = {0x4020'e000, 0x4030'0000};
    EXPECT_TRUE(inputs.plan().has_value());
}

TEST(Plan, RefusesMisalignedImages) {
    Inputs inputs;
    const auto one_segment = [](std::uint64_t vaddr, std::uint64_t paddr) {
        return make_elf(vaddr, {{vaddr, paddr, 0x1000, Bytes(16)}});
    };
    inputs.kernel = one_segment(kernel_virtual + 0x1000, kernel_physical);
    expect_failure(inputs, Part::kernel, Error::misaligned);
    inputs.kernel = one_segment(kernel_virtual, kernel_physical + 0x1000);
    expect_failure(inputs, Part::kernel, Error::misaligned);
    inputs.kernel = make_kernel();
    inputs.root_task = one_segment(0x40'0010, 0x40'0010);
    expect_failure(inputs, Part::root_task, Error::misaligned);
}

TEST(Plan, RefusesAddressesOutsideTheirHalf) {
    Inputs inputs;
    inputs.kernel = make_elf(0x4000'0000, {{0x4000'0000, 0x4000'0000, 0x1000, Bytes(16)}});
    expect_failure(inputs, Part::kernel, Error::outside_virtual_range);
    // Over the end of its 1 GiB.
    inputs.kernel = make_elf(0xffff'ffff'8000'0000,
                             {{0xffff'ffff'8000'0000, 0x4000'0000, 0x4000'0001, Bytes(16)}});
    expect_failure(inputs, Part::kernel, Error::outside_virtual_range);
    inputs.kernel = make_kernel();
    inputs.root_task = make_elf(0x7fff'ffff'f000, {{0x7fff'ffff'f000, 0, 0x1001, Bytes(16)}});
    expect_failure(inputs, Part::root_task, Error::outside_virtual_range);
}

TEST(Plan, RefusesKernelsWithoutOneOffset) {
    Inputs inputs;
    inputs.kernel = make_elf(
        kernel_virtual, {{kernel_virtual, kernel_physical, 0x1000, Bytes(16)},
                         {kernel_virtual + 0x2000, kernel_physical + 0x4000, 0x1000, Bytes(16)}});
    expect_failure(inputs, Part::kernel, Error::not_one_offset);
    // A header that is not loaded reaches further in virtual than in physical memory.
    inputs.kernel =
        make_elf(kernel_virtual, {{kernel_virtual, kernel_physical, 0x1000, Bytes(16)},
                                  {kernel_virtual + 0x8000, kernel_physical, 0x10, {}, 4, 4}});
    expect_failure(inputs, Part::kernel, Error::not_one_offset);
}

TEST(Plan, RefusesBadTrees) {
    Inputs inputs;
    inputs.tree.clear();
    expect_failure(inputs, Part::device_tree, Error::tree_malformed);
    inputs.tree = TreeBuilder().begin("").end().finish();
    expect_failure(inputs, Part::device_tree, Error::tree_no_memory);
    inputs.tree = make_tree(0x4000'0000, 0);
    expect_failure(inputs, Part::device_tree, Error::tree_no_memory);
    TreeBuilder large;
    large.begin("").property("filler", Bytes(0x10'0000)).end();
    const Bytes bytes = large.finish();
    const auto used = loader::used_tree(bytes);
    ASSERT_FALSE(used.has_value());
    EXPECT_EQ(used.error(), (Failure{Part::device_tree, Error::tree_too_large}));
}

TEST(Plan, FailuresNameTheirPart) {
    Inputs inputs;
    inputs.kernel.resize(10);
    expect_failure(inputs, Part::kernel, Error::elf_truncated);
    inputs.kernel = make_kernel();
    inputs.root_task.resize(10);
    expect_failure(inputs, Part::root_task, Error::elf_truncated);
}

}  // namespace
}  // namespace loader_test

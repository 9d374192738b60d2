// SPDX-License-Identifier: BSD-2-Clause
#include "base/fdt.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "builders.hpp"

namespace loader_test {
namespace {

using base::Fdt;
using base::FdtError;

using Regions = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

std::expected<Regions, FdtError> memory_of(const Bytes& bytes) {
    const auto tree = Fdt::open(bytes);
    if (!tree) return std::unexpected(tree.error());
    Regions regions;
    const auto count = base::for_each_memory_region(
        *tree, [&](std::uint64_t start, std::uint64_t size) { regions.emplace_back(start, size); });
    if (!count) return std::unexpected(count.error());
    EXPECT_EQ(*count, regions.size());
    return regions;
}

TEST(Fdt, WalksNodesAndProperties) {
    const Bytes bytes = TreeBuilder()
                            .begin("")
                            .text("compatible", "test")
                            .raw_token(4)
                            .begin("chosen")
                            .text("bootargs", "a b")
                            .end()
                            .end()
                            .finish();
    const auto tree = Fdt::open(bytes);
    ASSERT_TRUE(tree.has_value());
    EXPECT_EQ(tree->total_size(), bytes.size());
    EXPECT_EQ(tree->used_size(), bytes.size());
    std::string seen;
    for (auto cursor = tree->walk();;) {
        const auto item = cursor.next();
        ASSERT_TRUE(item.has_value());
        if (item->event == Fdt::Event::end) break;
        if (item->event == Fdt::Event::begin_node) seen += "(" + std::string(item->name);
        if (item->event == Fdt::Event::end_node) seen += ")";
        if (item->event == Fdt::Event::property)
            seen += "[" + std::string(item->name) + ":" + std::to_string(item->value.size()) + "]";
    }
    EXPECT_EQ(seen, "([compatible:5](chosen[bootargs:4]))");
}

TEST(Fdt, FindsMemory) {
    EXPECT_EQ(memory_of(make_tree()), (Regions{{0x4000'0000, 0x4000'0000}}));
    // One-cell addresses, two regions, and a node that only looks like memory.
    const Bytes bytes = TreeBuilder()
                            .begin("")
                            .cells("#address-cells", {1}, 4)
                            .cells("#size-cells", {1}, 4)
                            .begin("memory@0")
                            .cells("reg", {0x1000, 0x2000, 0x8000, 0x1000, 0x9000, 0}, 4)
                            .text("device_type", "memory")
                            .begin("deeper")
                            .cells("reg", {1, 2}, 4)
                            .end()
                            .end()
                            .begin("other")
                            .cells("reg", {5, 6}, 4)
                            .end()
                            .end()
                            .finish();
    EXPECT_EQ(memory_of(bytes), (Regions{{0x1000, 0x2000}, {0x8000, 0x1000}}));
}

TEST(Fdt, FindsReservedMemory) {
    const auto reserved_of = [](const Bytes& bytes) {
        Regions found;
        const auto tree = base::Fdt::open(bytes);
        const auto count =
            base::for_each_reserved_region(*tree, [&](std::uint64_t start, std::uint64_t size) {
                found.push_back({start, size});
            });
        EXPECT_EQ(count.value_or(99), found.size());
        return found;
    };
    EXPECT_EQ(reserved_of(make_tree()), Regions{});
    const Bytes bytes = TreeBuilder()
                            .begin("")
                            .cells("#address-cells", {1}, 4)
                            .cells("#size-cells", {1}, 4)
                            .begin("reserved-memory")
                            .cells("reg", {1, 2}, 4)
                            .begin("firmware@1000")
                            .cells("reg", {0x1000, 0x2000}, 4)
                            .end()
                            .begin("pool")  // no place of its own
                            .cells("size", {0x1000}, 4)
                            .end()
                            .begin("video@8000")
                            .cells("reg", {0x8000, 0x1000, 0xa000, 0x1000}, 4)
                            .end()
                            .end()
                            .begin("other")
                            .begin("reserved-memory")
                            .cells("reg", {5, 6}, 4)
                            .end()
                            .end()
                            .end()
                            .finish();
    EXPECT_EQ(reserved_of(bytes), (Regions{{0x1000, 0x2000}, {0x8000, 0x1000}, {0xa000, 0x1000}}));
    const Bytes both = TreeBuilder()
                           .begin("")
                           .cells("#address-cells", {1}, 4)
                           .cells("#size-cells", {1}, 4)
                           .begin("reserved-memory")
                           .begin("firmware@1000")
                           .cells("reg", {0x1000, 0x2000}, 4)
                           .end()
                           .end()
                           .end()
                           .reserve(0x12'3456'7000, 0x8'0000'0000)
                           .reserve(0x5000, 0)
                           .reserve(0x9000, 1)
                           .finish();
    EXPECT_EQ(reserved_of(both),
              (Regions{{0x12'3456'7000, 0x8'0000'0000}, {0x9000, 1}, {0x1000, 0x2000}}));
    const Bytes wraps =
        TreeBuilder().begin("").end().reserve(0xffff'ffff'ffff'f000, 0x2000).finish();
    EXPECT_FALSE(base::for_each_reserved_region(*base::Fdt::open(wraps),
                                                [](std::uint64_t, std::uint64_t) {}));
}

TEST(Fdt, RefusesBadHeaders) {
    const Bytes good = make_tree();
    const auto with = [&](std::size_t field, std::uint32_t value) {
        Bytes bad = good;
        overwrite(bad, field * 4, __builtin_bswap32(value));
        const auto tree = Fdt::open(bad);
        return tree ? std::optional<FdtError>{} : tree.error();
    };
    EXPECT_EQ(with(0, 0x12345678), FdtError::bad_magic);
    EXPECT_EQ(with(1, static_cast<std::uint32_t>(good.size() + 1)), FdtError::truncated);
    EXPECT_EQ(with(1, 8), FdtError::truncated);
    EXPECT_EQ(with(2, 0xffff'fffc), FdtError::bad_block);
    EXPECT_EQ(with(2, 57), FdtError::bad_block);
    EXPECT_EQ(with(3, 0xffff'ffff), FdtError::bad_block);
    EXPECT_EQ(with(4, 0xffff'fff8), FdtError::bad_block);
    EXPECT_EQ(with(5, 3), FdtError::bad_version);
    EXPECT_EQ(with(6, 18), FdtError::bad_version);
    EXPECT_EQ(with(8, 0x8000'0000), FdtError::bad_block);
    EXPECT_EQ(with(9, 0xffff'fffc), FdtError::bad_block);
}

TEST(Fdt, RefusesBadStructure) {
    const auto bad = [](const TreeBuilder& builder) {
        const auto memory = memory_of(builder.finish());
        return memory ? std::optional<FdtError>{} : memory.error();
    };
    EXPECT_EQ(bad(TreeBuilder()), FdtError::bad_structure);                        // no root
    EXPECT_EQ(bad(TreeBuilder().begin("")), FdtError::bad_structure);              // not closed
    EXPECT_EQ(bad(TreeBuilder().begin("").end().end()), FdtError::bad_structure);  // closed twice
    EXPECT_EQ(bad(TreeBuilder().begin("").end().begin("").end()), FdtError::bad_structure);
    EXPECT_EQ(bad(TreeBuilder().begin("").raw_token(7).end()), FdtError::bad_structure);
    EXPECT_EQ(bad(TreeBuilder().text("p", "v").begin("").end()), FdtError::bad_structure);
}

TEST(Fdt, RefusesMemoryThatWrapsOrHasOddCells) {
    EXPECT_FALSE(memory_of(make_tree(~0ull - 0xfff, 0x2000)).has_value());
    const Bytes cells = TreeBuilder()
                            .begin("")
                            .cells("#address-cells", {3}, 4)
                            .begin("memory")
                            .cells("reg", {1, 2, 3, 4}, 4)
                            .text("device_type", "memory")
                            .end()
                            .end()
                            .finish();
    EXPECT_FALSE(memory_of(cells).has_value());
}

}  // namespace
}  // namespace loader_test

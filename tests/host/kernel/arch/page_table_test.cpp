// SPDX-License-Identifier: BSD-2-Clause
#include "page_table.hpp"

#include <gtest/gtest.h>

#include <array>
#include <map>

namespace kernel_test {
namespace {

using numbat::FrameRights;
using numbat::PAddr;
using Table = std::array<arch::Entry, arch::entries_per_table>;

/// Tables by physical address.
struct Tables {
    static std::map<std::uint64_t, Table> all;
    static arch::Entry* table(PAddr address) { return all.at(address.raw()).data(); }
};
std::map<std::uint64_t, Table> Tables::all;

class Walk : public ::testing::Test {
  protected:
    Walk() {
        Tables::all.clear();
        for (std::uint64_t at = 0; at < 4; ++at) Tables::all[at << 12] = {};
        set(0, 1, arch::table_entry(PAddr{0x1000}));
        set(1, 2, arch::table_entry(PAddr{0x2000}));
        set(2, 3, arch::table_entry(PAddr{0x3000}));
    }
    static void set(std::uint64_t table, std::size_t index, arch::Entry entry) {
        Tables::all.at(table << 12)[index] = entry;
    }
    static arch::Entry* root() { return Tables::all.at(0).data(); }
    static std::uint64_t address(std::uint64_t i0, std::uint64_t i1, std::uint64_t i2,
                                 std::uint64_t i3) {
        return i0 << 39 | i1 << 30 | i2 << 21 | i3 << 12;
    }
};

TEST_F(Walk, EndsWhereTablesEnd) {
    const auto at = [](std::uint64_t vaddr) { return arch::walk<Tables>(root(), vaddr); };
    EXPECT_EQ(at(address(0, 0, 0, 0)).bits, 39u);
    EXPECT_EQ(at(address(1, 0, 0, 0)).bits, 30u);
    EXPECT_EQ(at(address(1, 2, 0, 0)).bits, 21u);
    EXPECT_EQ(at(address(1, 2, 3, 4)).bits, 12u);
    EXPECT_EQ(at(address(1, 2, 3, 4)).entry, &Tables::all[0x3000][4]);
    EXPECT_EQ(at(address(1, 2, 511, 4)).entry, &Tables::all[0x2000][511]);
}

TEST_F(Walk, EndsAtLargerPages) {
    set(2, 5, arch::user_page_entry(PAddr{0x20'0000}, 21, FrameRights::read_write, 3));
    EXPECT_EQ(arch::walk<Tables>(root(), address(1, 2, 5, 9)).bits, 21u);
}

TEST_F(Walk, FindsTablesAtAnyLevel) {
    const auto find = [](std::uint64_t vaddr, std::uint64_t table) {
        return arch::find_table<Tables>(root(), vaddr, PAddr{table});
    };
    EXPECT_EQ(find(address(1, 2, 3, 4), 0x1000), &Tables::all[0][1]);
    EXPECT_EQ(find(address(1, 2, 3, 4), 0x3000), &Tables::all[0x2000][3]);
    EXPECT_EQ(find(address(1, 2, 4, 4), 0x3000), nullptr);
    EXPECT_EQ(find(address(1, 2, 3, 4), 0x7000), nullptr);
    // A page in the last table is no table, though its entry looks like one.
    set(3, 4, arch::user_page_entry(PAddr{0x7000}, 12, FrameRights::read_write, 3));
    EXPECT_EQ(find(address(1, 2, 3, 4), 0x7000), nullptr);
}

TEST_F(Walk, FindsPagesOfTheirSizeOnly) {
    set(3, 4, arch::user_page_entry(PAddr{0x7000}, 12, FrameRights::read_only, 3));
    const auto find = [](unsigned bits, std::uint64_t page) {
        return arch::find_page<Tables>(root(), address(1, 2, 3, 4), bits, PAddr{page});
    };
    EXPECT_EQ(find(12, 0x7000), &Tables::all[0x3000][4]);
    EXPECT_EQ(find(12, 0x8000), nullptr);
    EXPECT_EQ(find(21, 0x7000), nullptr);
}

TEST(Entry, GoldenWords) {
    using arch::user_page_entry;
    EXPECT_EQ(user_page_entry(PAddr{0x4000'1000}, 12, FrameRights::read_write, 1),
              0x0020'0000'4000'1c53u);
    EXPECT_EQ(user_page_entry(PAddr{0x4000'1000}, 12, FrameRights::read_only, 1 | 4),
              0x0060'0000'4000'1cd3u);
    EXPECT_EQ(user_page_entry(PAddr{0x4000'1000}, 12, FrameRights::none, 1),
              0x0060'0000'4000'1c93u);
    EXPECT_EQ(user_page_entry(PAddr{0x4020'0000}, 21, FrameRights::read_write, 0),
              0x0020'0000'4020'0c41u);
    EXPECT_EQ(arch::table_entry(PAddr{0x4000'2000}), 0x4000'2003u);
}

}  // namespace
}  // namespace kernel_test

// SPDX-License-Identifier: BSD-2-Clause
#include "boot_tables.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>

namespace loader_test {
namespace {

constexpr std::uint64_t tables_at = 0x4801'0000;

/// The physical address that the tables give `vaddr`, walking as the processor does.
std::optional<std::uint64_t> translate(const loader::BootTables& tables, std::uint64_t vaddr) {
    const auto* base = reinterpret_cast<const std::byte*>(&tables);
    const auto* table = vaddr >> 48 == 0 ? &tables.low0 : &tables.high0;
    for (unsigned bits = 39;; bits -= 9) {
        const std::uint64_t entry = (*table)[vaddr >> bits & 511];
        if ((entry & 1) == 0) return std::nullopt;
        if ((entry & 2) == 0) {
            EXPECT_EQ(bits, 21u);
            EXPECT_EQ(entry & 0xfff, 0x411u);  // valid block, Normal write-back, access flag
            return (entry & 0x0000'ffff'ffe0'0000) | (vaddr & 0x1f'ffff);
        }
        const std::uint64_t next = entry & 0x0000'ffff'ffff'f000;
        table = reinterpret_cast<const loader::PageTable*>(base + (next - tables_at));
    }
}

TEST(BootTables, MapTheLoaderAndTheKernel) {
    const auto tables = std::make_unique<loader::BootTables>();
    loader::build_boot_tables(*tables, tables_at, {0x4800'0000, 0x4801'7000}, 0xffff'ffff'c000'0000,
                              0x4000'0000);
    EXPECT_EQ(translate(*tables, 0x4800'1234), 0x4800'1234u);
    EXPECT_EQ(translate(*tables, 0x4820'0000), std::nullopt);
    EXPECT_EQ(translate(*tables, 0x47ff'ffff), std::nullopt);
    EXPECT_EQ(translate(*tables, 0xffff'ffff'c000'0000), 0x4000'0000u);
    EXPECT_EQ(translate(*tables, 0xffff'ffff'c0ab'cdef), 0x40ab'cdefu);
    EXPECT_EQ(translate(*tables, 0xffff'ffff'ffff'ffff), 0x7fff'ffffu);
    EXPECT_EQ(translate(*tables, 0xffff'ffff'bfff'ffff), std::nullopt);
}

TEST(BootTables, KernelMayLieAnywhereInItsGigabyte) {
    const auto tables = std::make_unique<loader::BootTables>();
    loader::build_boot_tables(*tables, tables_at, {0x4800'0000, 0x4830'0000}, 0xffff'ff80'0060'0000,
                              0x6000'0000);
    EXPECT_EQ(translate(*tables, 0x482f'ffff), 0x482f'ffffu);
    EXPECT_EQ(translate(*tables, 0xffff'ff80'005f'ffff), std::nullopt);
    EXPECT_EQ(translate(*tables, 0xffff'ff80'0060'0000), 0x6000'0000u);
    EXPECT_EQ(translate(*tables, 0xffff'ff80'3fff'ffff), 0x9f9f'ffffu);
}

}  // namespace
}  // namespace loader_test

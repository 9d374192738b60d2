// SPDX-License-Identifier: BSD-2-Clause
#include "boot_tables.hpp"

#include <cstddef>

#include "base/bits.hpp"
#include "plan.hpp"

namespace loader {
namespace {

// VMSAv8-64 descriptors (Arm ARM D5.3).
constexpr std::uint64_t table_descriptor = 3;
constexpr std::uint64_t block_descriptor = 1;
constexpr std::uint64_t access_flag = base::bit(10);
constexpr std::uint64_t normal_memory = 4 << 2;  // index into MAIR_EL1
constexpr std::uint64_t user_execute_never = base::bit(54);
constexpr std::uint64_t block_attributes =
    block_descriptor | access_flag | normal_memory | user_execute_never;

std::size_t table_index(std::uint64_t address, unsigned level) {
    return base::bits(address, 39 - 9 * level, 9);
}

}  // namespace

void build_boot_tables(BootTables& tables, std::uint64_t at, Range own,
                       std::uint64_t kernel_virtual, std::uint64_t kernel_physical) {
    tables = {};
    const auto table_at = [at](std::size_t offset) { return (at + offset) | table_descriptor; };
    tables.low0[table_index(own.start, 0)] = table_at(offsetof(BootTables, low1));
    tables.low1[table_index(own.start, 1)] = table_at(offsetof(BootTables, low2));
    for (auto block = base::align_down(own.start, block_size); block < own.end; block += block_size)
        tables.low2[table_index(block, 2)] = block | block_attributes;

    tables.high0[table_index(kernel_virtual, 0)] = table_at(offsetof(BootTables, high1));
    tables.high1[table_index(kernel_virtual, 1)] = table_at(offsetof(BootTables, high2));
    std::uint64_t physical = kernel_physical;
    for (std::size_t i = table_index(kernel_virtual, 2); i < tables.high2.size(); ++i) {
        tables.high2[i] = physical | block_attributes;
        physical += block_size;
    }
}

}  // namespace loader

// SPDX-License-Identifier: BSD-2-Clause
#include "kernel_map.hpp"

#include "arch/contract.hpp"
#include "base/assert.hpp"
#include "cpu_state.hpp"
#include "memory_map.hpp"
#include "page_table.hpp"
#include "tlb.hpp"

extern "C" {
// Borders of the image, from kernel.ld: code and constants, then data.
extern const char kernel_data_start[];
extern const char kernel_end[];
}

namespace arch {
namespace {

using Table = Entry[entries_per_table];

constexpr std::uint64_t block_2m = base::bit(21);
constexpr std::uint64_t block_1g = base::bit(30);
constexpr std::size_t max_partial_tables = 2 * max_ram_ranges;

alignas(4096) constinit Table top_table{};
alignas(4096) constinit Table window_table{};
alignas(4096) constinit Table image_table{};
alignas(4096) constinit Table device_table{};
alignas(4096) constinit Table partial_tables[max_partial_tables]{};
constinit std::size_t partial_tables_used = 0;
constinit PhysicalRange mapped_ram[max_ram_ranges]{};
constinit std::size_t mapped_ram_count = 0;

using namespace entry_bits;
constexpr Entry kernel_block = valid | accessed | memory_normal | user_execute_never;
constexpr Entry data_block = kernel_block | kernel_execute_never;
constexpr Entry code_block = kernel_block | read_only;
constexpr Entry device_page =
    valid | table_or_page | accessed | memory_device | kernel_execute_never | user_execute_never;

Entry table_entry_of(const Table& table) {
    return table_entry(base::PAddr(kernel_image_paddr(&table)));
}

/// The level-2 table for a GiB that is not wholly RAM.
Table& partial_table(Entry& entry) {
    for (std::size_t i = 0; i < partial_tables_used; ++i)
        if (entry == table_entry_of(partial_tables[i])) return partial_tables[i];
    ASSERT(partial_tables_used < max_partial_tables);
    Table& table = partial_tables[partial_tables_used++];
    entry = table_entry_of(table);
    return table;
}

void map_ram(PhysicalRange range) {
    for (std::uint64_t at = range.start; at < range.end;) {
        Entry& entry = window_table[entry_index(at, 30)];
        if (base::aligned(at, block_1g) && range.end - at >= block_1g) {
            entry = at | data_block;
            at += block_1g;
            continue;
        }
        Table& table = partial_table(entry);
        table[entry_index(at, 21)] = at | data_block;
        at += block_2m;
    }
}

void map_image() {
    const auto data_start = reinterpret_cast<std::uint64_t>(kernel_data_start);
    const auto end = reinterpret_cast<std::uint64_t>(kernel_end);
    for (std::uint64_t at = kernel_image_base; at < end; at += block_2m) {
        const std::uint64_t paddr = at - kernel_image_base + platform::kernel_physical_base;
        image_table[entry_index(at, 21)] = paddr | (at < data_start ? code_block : data_block);
    }
}

void map_device(platform::KernelDevice device) {
    device_table[entry_index(device.virtual_address, page_bits)] = device.physical | device_page;
}

}  // namespace

std::uint64_t kernel_image_paddr(const void* address) {
    return reinterpret_cast<std::uint64_t>(address) - kernel_image_base +
           platform::kernel_physical_base;
}

bool window_contains(std::uint64_t paddr) {
    for (std::size_t i = 0; i < mapped_ram_count; ++i)
        if (paddr >= mapped_ram[i].start && paddr < mapped_ram[i].end) return true;
    return false;
}

void map_kernel() {
    map_image();
    map_device(platform::uart);
    map_device(platform::gic_distributor);
    map_device(platform::gic_cpu_interface);
    image_table[entry_index(platform::device_window, 21)] = table_entry_of(device_table);
    window_table[entry_index(kernel_image_base, 30)] = table_entry_of(image_table);
    top_table[entry_index(physical_window, root_bits)] = table_entry_of(window_table);

    // The image stays where it is, in blocks of the same size and memory type as the loader's, so
    // the tables can be exchanged while it runs.
    dsb_sy();
    write_ttbr1(kernel_image_paddr(&top_table));
    isb();
    enter_empty_address_space();
    isb();
    tlb_invalidate_all();
}

const void* map_boot_data(std::uint64_t paddr, std::uint64_t size) {
    const std::uint64_t offset = paddr - platform::kernel_physical_base;
    const std::uint64_t room = platform::device_window - kernel_image_base;
    if (paddr < platform::kernel_physical_base || offset > room || size > room - offset)
        return nullptr;
    for (std::uint64_t at = base::align_down(offset, block_2m); at < offset + size;
         at += block_2m) {
        Entry& entry = image_table[entry_index(kernel_image_base + at, 21)];
        if (!entry_valid(entry)) entry = (platform::kernel_physical_base + at) | data_block;
    }
    dsb_sy();
    isb();
    return reinterpret_cast<const void*>(kernel_image_base + offset);
}

void map_window(std::span<const PhysicalRange> ram) {
    ASSERT(ram.size() <= max_ram_ranges);
    for (const PhysicalRange& range : ram) {
        map_ram(range);
        mapped_ram[mapped_ram_count++] = range;
    }
    dsb_sy();
    isb();
}

}  // namespace arch

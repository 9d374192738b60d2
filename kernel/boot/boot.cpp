// SPDX-License-Identifier: BSD-2-Clause
// From the loader to the first thread: move to the kernel's own page tables, start the machine,
// find the RAM, then make the root task from what memory is free.
#include <cstring>

#include "arch/contract.hpp"
#include "base/fdt.hpp"
#include "base/format.hpp"
#include "boot/region_set.hpp"
#include "boot/root_task.hpp"
#include "kernel_map.hpp"
#include "machine.hpp"
#include "memory_map.hpp"
#include "sched/scheduler.hpp"

extern "C" {
extern const char _start[];
extern const char kernel_code_end[];
extern const char kernel_data_start[];
extern const char kernel_end[];
numbat::Tcb* boot_main(std::uint64_t root_start, std::uint64_t root_end, std::uint64_t root_offset,
                       std::uint64_t root_entry, std::uint64_t tree, std::uint64_t tree_size);
}

namespace numbat {
namespace {

constexpr std::uint64_t page = 4096;
constexpr std::uint64_t block = base::bit(21);  // what the window maps RAM with

constinit Tcb idle_thread{};

struct Ram {
    static constexpr std::size_t max_reserved = 16;
    Region named[arch::max_ram_ranges];              // as the device tree says
    arch::PhysicalRange used[arch::max_ram_ranges];  // whole blocks inside the window
    Region reserved[max_reserved];                   // parts of it that are not ours
    std::size_t count = 0;
    std::size_t reserved_count = 0;
    std::size_t ignored = 0;

    void add(std::uint64_t start, std::uint64_t size) {
        const std::uint64_t first = base::align_up(start, block);
        std::uint64_t end = base::align_down(start + size, block);
        if (end > arch::physical_window_size) end = arch::physical_window_size;
        if (first >= end || count == arch::max_ram_ranges) {
            ++ignored;
            return;
        }
        named[count] = {start, start + size};
        used[count] = {first, end};
        ++count;
    }
    void reserve(std::uint64_t start, std::uint64_t size) {
        if (reserved_count == max_reserved) PANIC("the device tree reserves too many ranges");
        reserved[reserved_count++] = {base::align_down(start, page),
                                      base::align_up(start + size, page)};
    }
    std::span<const arch::PhysicalRange> mapped() const { return {used, count}; }
};

Ram find_ram(std::span<const std::byte> bytes) {
    Ram ram;
    if (bytes.empty()) {
        ram.add(platform::default_ram_start, platform::default_ram_size);
        return ram;
    }
    const auto tree = base::Fdt::open(bytes);
    const auto add = [&](std::uint64_t start, std::uint64_t size) { ram.add(start, size); };
    const auto reserve = [&](std::uint64_t start, std::uint64_t size) { ram.reserve(start, size); };
    if (!tree || !base::for_each_memory_region(*tree, add) ||
        !base::for_each_reserved_region(*tree, reserve) || ram.count == 0)
        PANIC("the loader passed a device tree that names no memory");
    return ram;
}

/// How the tree says that PSCI is called: hvc unless it says smc.
arch::PowerConduit find_power_conduit(const base::Fdt& tree) {
    std::string_view node;
    for (base::Fdt::Cursor cursor = tree.walk();;) {
        const auto item = cursor.next();
        if (!item || item->event == base::Fdt::Event::end) return arch::PowerConduit::hvc;
        if (item->event == base::Fdt::Event::begin_node) node = item->name;
        if (item->event != base::Fdt::Event::property || node != "psci" || item->name != "method")
            continue;
        const bool smc = item->value.size() == 4 && std::memcmp(item->value.data(), "smc", 4) == 0;
        return smc ? arch::PowerConduit::smc : arch::PowerConduit::hvc;
    }
}

void remove(RegionSet& set, Region region) {
    if (!set.remove(region)) PANIC("physical memory is in too many pieces");
}

Region image_region(const char* start, const char* end) {
    return {arch::kernel_image_paddr(start), base::align_up(arch::kernel_image_paddr(end), page)};
}

RegionSet find_free(const Ram& ram, const BootArguments& arguments) {
    RegionSet free;
    for (const auto& range : ram.mapped())
        if (!free.add({range.start, range.end})) PANIC("physical memory is in too many pieces");
    remove(free, image_region(_start, kernel_code_end));
    remove(free, image_region(kernel_data_start, kernel_end));
    remove(free, {base::align_down(arguments.tree, page),
                  base::align_up(arguments.tree + arguments.tree_size, page)});
    remove(free, {arguments.root_start, arguments.root_end});
    for (std::size_t i = 0; i < ram.reserved_count; ++i) remove(free, ram.reserved[i]);
    return free;
}

/// All that is not memory; a reserved range is not, it belongs to a device or to firmware.
RegionSet find_devices(const Ram& ram) {
    RegionSet memory;
    for (std::size_t i = 0; i < ram.count; ++i)
        if (!memory.add(ram.named[i])) PANIC("no room for a region");
    for (std::size_t i = 0; i < ram.reserved_count; ++i) remove(memory, ram.reserved[i]);
    RegionSet devices;
    if (!devices.add({0, base::bit(platform::physical_address_bits)}))
        PANIC("no room for a region");
    for (const Region& region : memory.regions()) remove(devices, region);
    for (const auto& device : {platform::gic_distributor, platform::gic_cpu_interface})
        remove(devices, {device.physical, device.physical + page});
    return devices;
}

/// The tree, beside the kernel's image; empty if the loader passed none.
std::span<const std::byte> find_tree(const BootArguments& arguments) {
    if (arguments.tree_size == 0) return {};
    const void* tree = arch::map_boot_data(arguments.tree, arguments.tree_size);
    if (tree == nullptr) PANIC("the device tree is outside RAM");
    return {static_cast<const std::byte*>(tree), arguments.tree_size};
}

/// The loader may have mapped nothing but the image: the first thing are tables of our own.
Tcb* boot(const BootArguments& arguments) {
    arch::map_kernel();
    arch::init_machine();
    // From here on failures can be reported.
    const std::span tree = find_tree(arguments);
    const Ram ram = find_ram(tree);
    arch::map_window(ram.mapped());
    if (ram.ignored > 0)
        base::format_to(arch::put_char, "numbat: {} memory ranges not used\n", ram.ignored);
    if (!arch::window_contains(arguments.root_start) ||
        !arch::window_contains(arguments.root_end - 1))
        PANIC("the root task is outside RAM");
    // find_ram() has opened the same bytes.
    if (!tree.empty()) arch::set_power_conduit(find_power_conduit(*base::Fdt::open(tree)));

    arch::init_idle_context(idle_thread.context);
    init_core(idle_thread);
    RegionSet free = find_free(ram, arguments);
    const RegionSet devices = find_devices(ram);
    start_root_task(arguments, tree, free, devices);
    Tcb* first = schedule();
    arch::switch_to(*first);
    return first;
}

}  // namespace
}  // namespace numbat

numbat::Tcb* boot_main(std::uint64_t root_start, std::uint64_t root_end, std::uint64_t root_offset,
                       std::uint64_t root_entry, std::uint64_t tree, std::uint64_t tree_size) {
    const bool with_tree = tree != 0;
    return numbat::boot({.root_start = root_start,
                         .root_end = root_end,
                         .root_offset = root_offset,
                         .root_entry = root_entry,
                         .tree = tree,
                         .tree_size = with_tree ? tree_size & 0xffff'ffff : 0});
}

// SPDX-License-Identifier: BSD-2-Clause
// Starts a kernel and a root task from the archive behind this program: plan everything, then copy,
// then build the kernel's first page tables and jump. What cannot work is reported on the UART
// before anything has been overwritten.
//
// All of this runs with the MMU off, so stores go to memory directly; ranges are invalidated in the
// data cache before and after they are written, lest an old line covers them later.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "archive.hpp"
#include "base/assert.hpp"
#include "base/bits.hpp"
#include "base/fdt.hpp"
#include "base/format.hpp"
#include "boot_tables.hpp"
#include "failure.hpp"
#include "plan.hpp"
#include "uart.hpp"

extern "C" {
extern const std::byte _start[];
extern const std::byte loader_end[];
extern const std::byte loader_archive[];
extern const volatile std::uint64_t loader_image_size;
extern const volatile std::uint64_t loader_archive_size;

struct KernelArguments {
    std::uint64_t root_start;
    std::uint64_t root_end;
    std::uint64_t root_offset;  // physical minus virtual
    std::uint64_t root_entry;
    std::uint64_t tree;
    std::uint64_t tree_size;
};

[[noreturn]] void enter_kernel(const void* low_table, const void* high_table, std::uint64_t tcr,
                               std::uint64_t entry, const KernelArguments* arguments);
[[noreturn]] void loader_main(std::uint64_t tree_address, std::uint64_t loaded_at);
[[noreturn]] void loader_exception(std::uint64_t syndrome, std::uint64_t pc, std::uint64_t fault);
}

namespace {

using loader::Error;
using loader::Failure;
using loader::Part;
using loader::Plan;
using loader::Range;

constinit loader::BootTables boot_tables{};

[[noreturn]] void halt() {
    for (;;) asm volatile("wfe");
}

[[noreturn]] void report(Failure failure) {
    base::format_to(loader::Console{}, "loader: {}: {}\n", loader::describe(failure.part),
                    loader::describe(failure.error));
    halt();
}

template <typename T>
T value_or_halt(loader::Result<T> result) {
    if (!result) report(result.error());
    return *result;
}

std::uint64_t address_of(const void* pointer) {
    return reinterpret_cast<std::uintptr_t>(pointer);
}

std::byte* at(std::uint64_t physical) {
    return reinterpret_cast<std::byte*>(physical);
}

void invalidate_data(Range range) {
    std::uint64_t type;
    asm volatile("mrs %0, ctr_el0" : "=r"(type));
    const std::uint64_t line = 4u << base::bits(type, 16, 4);
    for (std::uint64_t i = base::align_down(range.start, line); i < range.end; i += line)
        asm volatile("dc ivac, %0" ::"r"(i) : "memory");
    asm volatile("dsb sy" ::: "memory");
}

/// Zeroes `place` and copies the segments to it, each at its distance from the lowest one.
void place_image(const loader::ElfImage& image, Range place) {
    invalidate_data(place);
    std::memset(at(place.start), 0, place.size());
    for (std::size_t i = 0; i < image.segment_count(); ++i) {
        const loader::Segment segment = image.segment(i);
        if (segment.content.empty()) continue;
        const std::uint64_t offset = segment.virtual_start - image.virtual_range().start;
        std::memcpy(at(place.start + offset), segment.content.data(), segment.content.size());
    }
    invalidate_data(place);
}

void place_bytes(std::span<const std::byte> bytes, Range place) {
    invalidate_data(place);
    std::memcpy(at(place.start), bytes.data(), bytes.size());
    std::memset(at(place.start + bytes.size()), 0, place.size() - bytes.size());
    invalidate_data(place);
}

/// A tree cut to what it uses must also say so itself: its second word, big endian.
void place_tree(std::span<const std::byte> tree, Range place) {
    place_bytes(tree, place);
    for (unsigned i = 0; i < 4; ++i)
        at(place.start)[4 + i] = static_cast<std::byte>(tree.size() >> (24 - 8 * i));
    invalidate_data(place);
}

/// The device tree copied behind the archive, where nothing is unpacked.
std::span<const std::byte> keep_firmware_tree(std::uint64_t tree_address, Range own, Range copy) {
    const auto fail = [](Error error) { report({Part::device_tree, error}); };
    if (tree_address == 0) fail(Error::tree_missing);
    if (!base::aligned(tree_address, 8)) fail(Error::tree_misaligned);
    const std::byte* tree = at(tree_address);
    const std::uint64_t size = base::big_endian_32({tree + 4, 4});
    if (Range{tree_address, tree_address + size}.overlaps(own)) fail(Error::overlaps_loader);
    const auto used = value_or_halt(loader::used_tree({tree, size}));
    place_tree(used, copy);
    return {at(copy.start), used.size()};
}

/// 48-bit halves, 4 KiB granules, write-back walks, 16-bit ASIDs in TTBR0.
std::uint64_t translation_control() {
    std::uint64_t features;
    asm volatile("mrs %0, id_aa64mmfr0_el1" : "=r"(features));
    constexpr std::uint64_t sizes = 16 | 16 << 16;
    constexpr std::uint64_t walks = 1 << 8 | 1 << 10 | 1 << 24 | 1 << 26;
    constexpr std::uint64_t granule1 = 2ull << 30;
    constexpr std::uint64_t asid_16 = 1ull << 36;
    return sizes | walks | granule1 | asid_16 | (features & 7) << 32;
}

void carry_out(const Plan& plan) {
    place_image(plan.kernel, plan.kernel_place);
    place_tree(plan.tree, plan.tree_place);
    place_image(plan.root_task, plan.root_place);
    place_bytes(plan.root_task.program_headers(), plan.headers_place);
}

}  // namespace

void loader_main(std::uint64_t tree_address, std::uint64_t loaded_at) {
    if (loaded_at != address_of(_start)) report({Part::loader, Error::wrong_load_address});
    if (loader_archive_size == 0) report({Part::archive, Error::archive_not_packed});
    const std::span archive(loader_archive, loader_archive_size);
    const Range own{loaded_at, loaded_at + loader_image_size};
    const auto files = value_or_halt(loader::find_boot_files(archive));

    // The packer left room for a tree at the end of what the image occupies.
    const Range tree_copy{own.end - loader::max_tree_size, own.end};
    const auto tree = files.device_tree.empty() ? keep_firmware_tree(tree_address, own, tree_copy)
                                                : files.device_tree;
    const Plan plan = value_or_halt(loader::make_plan(files, tree, own));
    carry_out(plan);

    const Range tables{address_of(&boot_tables), address_of(&boot_tables + 1)};
    invalidate_data(tables);
    loader::build_boot_tables(boot_tables, tables.start, {loaded_at, address_of(loader_end)},
                              plan.kernel.virtual_range().start, plan.kernel_place.start);
    invalidate_data(tables);
    const KernelArguments arguments{.root_start = plan.root_place.start,
                                    .root_end = plan.root_place.end,
                                    .root_offset = plan.root_offset(),
                                    .root_entry = plan.root_task.entry(),
                                    .tree = plan.tree_place.start,
                                    .tree_size = plan.tree.size()};
    enter_kernel(boot_tables.low0.data(), boot_tables.high0.data(), translation_control(),
                 plan.kernel.entry(), &arguments);
}

void loader_exception(std::uint64_t syndrome, std::uint64_t pc, std::uint64_t fault) {
    base::format_to(loader::Console{}, "loader: exception {x} at {x}, address {x}\n", syndrome, pc,
                    fault);
    halt();
}

namespace base {

void panic_handler(const char* message, const char* file, int line) {
    format_to(loader::Console{}, "loader: {} ({}:{})\n", message, file, line);
    halt();
}

}  // namespace base

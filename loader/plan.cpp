// SPDX-License-Identifier: BSD-2-Clause
#include "plan.hpp"

#include <array>

#include "base/bits.hpp"
#include "base/fdt.hpp"
#include "base/result.hpp"

namespace loader {
namespace {

std::unexpected<Failure> fail(Part part, Error error) {
    return std::unexpected(Failure{part, error});
}

struct Memory {
    std::array<Range, max_memory_regions> regions{};
    std::size_t count = 0;
    std::array<Range, max_reserved_regions> reserved{};
    std::size_t reserved_count = 0;

    bool contains(Range range) const {
        for (std::size_t i = 0; i < count; ++i)
            if (regions[i].contains(range)) return true;
        return false;
    }
    /// The reserved range that is met first; null if the range is free.
    const Range* reserved_in(Range range) const {
        for (std::size_t i = 0; i < reserved_count; ++i)
            if (reserved[i].overlaps(range)) return &reserved[i];
        return nullptr;
    }
};

Result<Memory> find_memory(std::span<const std::byte> tree) {
    const auto fdt = base::Fdt::open(tree);
    if (!fdt) return fail(Part::device_tree, Error::tree_malformed);
    Memory memory;
    const auto found =
        base::for_each_memory_region(*fdt, [&](std::uint64_t start, std::uint64_t size) {
            // Further regions are for the kernel; what is loaded lies in the first ones.
            if (memory.count < max_memory_regions)
                memory.regions[memory.count++] = {start, start + size};
        });
    if (!found) return fail(Part::device_tree, Error::tree_malformed);
    if (memory.count == 0) return fail(Part::device_tree, Error::tree_no_memory);
    const auto reserved =
        base::for_each_reserved_region(*fdt, [&](std::uint64_t start, std::uint64_t size) {
            if (memory.reserved_count < max_reserved_regions)
                memory.reserved[memory.reserved_count++] = {start, start + size};
        });
    if (!reserved) return fail(Part::device_tree, Error::tree_malformed);
    if (*reserved > max_reserved_regions)
        return fail(Part::device_tree, Error::tree_too_many_reserved);
    return memory;
}

Result<void> check_kernel(const ElfImage& kernel) {
    const Range at = kernel.virtual_range();
    const std::uint64_t physical = kernel.physical_range().start;
    if (!base::aligned(at.start, block_size) || !base::aligned(physical, block_size))
        return fail(Part::kernel, Error::misaligned);
    if (at.start < upper_half || base::align_down(at.start, kernel_window_size) !=
                                     base::align_down(at.end - 1, kernel_window_size))
        return fail(Part::kernel, Error::outside_virtual_range);
    for (std::size_t i = 0; i < kernel.segment_count(); ++i) {
        const Segment segment = kernel.segment(i);
        if (segment.to_load() && segment.memory_size != 0 &&
            segment.physical_start - physical != segment.virtual_start - at.start)
            return fail(Part::kernel, Error::not_one_offset);
    }
    return {};
}

Result<void> check_root_task(const ElfImage& root_task) {
    const Range at = root_task.virtual_range();
    if (!base::aligned(at.start, page_size)) return fail(Part::root_task, Error::misaligned);
    if (at.end > user_end) return fail(Part::root_task, Error::outside_virtual_range);
    return {};
}

/// The first range of `size` bytes in whole pages, at or above `start`, that is not reserved.
Result<Range> next_pages(Part part, std::uint64_t start, std::uint64_t size, const Memory& memory) {
    for (;;) {
        const std::uint64_t first = base::align_up(start, page_size);
        const std::uint64_t bytes = base::align_up(size, page_size);
        if (first < start || bytes < size || first + bytes < first)
            return fail(part, Error::does_not_fit_in_ram);
        const Range place{first, first + bytes};
        const Range* const reserved = memory.reserved_in(place);
        if (reserved == nullptr) return place;
        start = reserved->end;
    }
}

Result<void> check_place(Part part, Range place, const Memory& memory, Range own) {
    if (!memory.contains(place)) return fail(part, Error::does_not_fit_in_ram);
    if (place.overlaps(own)) return fail(part, Error::overlaps_loader);
    if (memory.reserved_in(place) != nullptr) return fail(part, Error::overlaps_reserved);
    return {};
}

}  // namespace

Result<std::span<const std::byte>> used_tree(std::span<const std::byte> bytes) {
    const auto fdt = base::Fdt::open(bytes);
    if (!fdt) return fail(Part::device_tree, Error::tree_malformed);
    if (fdt->used_size() > max_tree_size) return fail(Part::device_tree, Error::tree_too_large);
    return bytes.first(fdt->used_size());
}

Result<Plan> make_plan(const BootFiles& files, std::span<const std::byte> tree, Range own) {
    const Memory memory = TRY(find_memory(tree));
    Plan plan{.kernel = TRY(ElfImage::parse(files.kernel, Part::kernel)),
              .root_task = TRY(ElfImage::parse(files.root_task, Part::root_task)),
              .tree = TRY(used_tree(tree)),
              .kernel_place = {},
              .tree_place = {},
              .root_place = {},
              .headers_place = {}};
    TRY(check_kernel(plan.kernel));
    TRY(check_root_task(plan.root_task));

    plan.kernel_place = plan.kernel.physical_range();
    // A segment's content goes where its virtual address says: that must be inside, too.
    if (plan.kernel_place.size() < plan.kernel.virtual_range().size())
        return fail(Part::kernel, Error::not_one_offset);
    plan.tree_place =
        TRY(next_pages(Part::device_tree, plan.kernel_place.end, plan.tree.size(), memory));
    plan.root_place = TRY(next_pages(Part::root_task, plan.tree_place.end,
                                     plan.root_task.virtual_range().size(), memory));
    plan.headers_place = TRY(next_pages(Part::root_task, plan.root_place.end, page_size, memory));

    TRY(check_place(Part::kernel, plan.kernel_place, memory, own));
    TRY(check_place(Part::device_tree, plan.tree_place, memory, own));
    TRY(check_place(Part::root_task, plan.root_place, memory, own));
    TRY(check_place(Part::root_task, plan.headers_place, memory, own));
    return plan;
}

}  // namespace loader

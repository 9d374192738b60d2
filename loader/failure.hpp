// SPDX-License-Identifier: BSD-2-Clause
// Why the system cannot be started: an error and the part it was found in. describe() is total, so
// every failure has a text that the loader prints before it halts.
#pragma once

#include <cstdint>
#include <expected>
#include <string_view>

namespace loader {

enum class Part : std::uint8_t { loader, archive, kernel, device_tree, root_task };

enum class Error : std::uint8_t {
    // Loader
    wrong_load_address,
    // Archive
    archive_not_packed,
    archive_truncated,
    archive_bad_magic,
    archive_bad_number,
    archive_bad_name,
    archive_no_kernel,
    archive_no_root_task,
    // ELF
    elf_truncated,
    elf_not_elf,
    elf_not_aarch64_executable,
    elf_bad_headers,
    elf_segment_outside_file,
    elf_segment_size,
    elf_segment_wraps,
    elf_segments_overlap,
    elf_nothing_to_load,
    elf_bad_entry,
    // Placement
    misaligned,
    not_one_offset,
    outside_virtual_range,
    does_not_fit_in_ram,
    overlaps_loader,
    overlaps_device_tree,
    overlaps_reserved,
    // Device tree
    tree_missing,
    tree_misaligned,
    tree_malformed,
    tree_too_large,
    tree_no_memory,
    tree_too_many_reserved,
};

struct Failure {
    Part part;
    Error error;
    friend constexpr bool operator==(Failure, Failure) = default;
};

template <typename T>
using Result = std::expected<T, Failure>;

std::string_view describe(Part part);
std::string_view describe(Error error);

}  // namespace loader

// SPDX-License-Identifier: BSD-2-Clause
#include "failure.hpp"

#include <utility>

namespace loader {

std::string_view describe(Part part) {
    switch (part) {
        case Part::loader:
            return "loader";
        case Part::archive:
            return "archive";
        case Part::kernel:
            return "kernel";
        case Part::device_tree:
            return "device tree";
        case Part::root_task:
            return "root task";
    }
    std::unreachable();
}

std::string_view describe(Error error) {
    switch (error) {
        case Error::wrong_load_address:
            return "not at the address it was linked for";
        case Error::archive_not_packed:
            return "none was packed behind the loader";
        case Error::archive_truncated:
            return "ends in the middle of an entry";
        case Error::archive_bad_magic:
            return "not a newc CPIO archive";
        case Error::archive_bad_number:
            return "a header field is not a hexadecimal number";
        case Error::archive_bad_name:
            return "a file name is empty or not terminated";
        case Error::archive_no_kernel:
            return "its first file is not kernel.elf";
        case Error::archive_no_root_task:
            return "has no root task";
        case Error::elf_truncated:
            return "too short for its ELF headers";
        case Error::elf_not_elf:
            return "not a little-endian 64-bit ELF file";
        case Error::elf_not_aarch64_executable:
            return "not a static AArch64 executable";
        case Error::elf_bad_headers:
            return "bad program header table";
        case Error::elf_segment_outside_file:
            return "a segment lies outside the file";
        case Error::elf_segment_size:
            return "a segment is larger in the file than in memory";
        case Error::elf_segment_wraps:
            return "a segment wraps around the address space";
        case Error::elf_segments_overlap:
            return "segments overlap";
        case Error::elf_nothing_to_load:
            return "no segment to load";
        case Error::elf_bad_entry:
            return "the entry point is in no executable segment";
        case Error::misaligned:
            return "its lowest address is misaligned";
        case Error::not_one_offset:
            return "not one fixed offset from virtual to physical";
        case Error::outside_virtual_range:
            return "its virtual addresses are outside their range";
        case Error::does_not_fit_in_ram:
            return "does not fit in RAM";
        case Error::overlaps_loader:
            return "would overwrite the loader";
        case Error::overlaps_device_tree:
            return "overlaps the device tree";
        case Error::overlaps_reserved:
            return "overlaps memory that the device tree reserves";
        case Error::tree_missing:
            return "neither packed nor passed in x0";
        case Error::tree_misaligned:
            return "not at a multiple of 8";
        case Error::tree_malformed:
            return "malformed";
        case Error::tree_too_large:
            return "too large";
        case Error::tree_no_memory:
            return "names no memory";
        case Error::tree_too_many_reserved:
            return "reserves too many ranges";
    }
    std::unreachable();
}

}  // namespace loader

// SPDX-License-Identifier: BSD-2-Clause
// What an ELF file asks for, read from its headers. The file is untrusted: every field that is used
// is checked here, against the file's size and against the addresses that a program may have, so
// that whoever gets an Image can use its numbers without thinking. Pure functions on bytes.
//
// Accepted: ELF64, little-endian, AArch64, ET_EXEC (static, not relocatable), without an
// interpreter; 1 to 64 program headers; PT_LOAD segments in ascending order that do not overlap,
// at most 16. Segments may share a page at their borders if one of them ends there and the other
// begins (the page then has the rights of both).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.hpp"
#include "base/strong.hpp"

namespace sos::elf {

using base::VAddr;

enum class Problem {
    truncated_header,
    not_elf,
    wrong_class,    // not 64-bit little-endian, version 1
    wrong_machine,  // not AArch64
    wrong_type,     // not ET_EXEC
    needs_interpreter,
    bad_program_headers,  // size, number or place
    too_many_segments,
    no_segments,
    segment_outside_file,
    segment_larger_in_file,  // p_filesz > p_memsz
    bad_alignment,           // address and offset disagree within the page
    address_out_of_range,
    segments_overlap,
    entry_not_executable,
    file_changed,  // shorter than when its headers were read
};

std::string_view text(Problem problem);

template <typename T>
using Result = base::Result<T, Problem>;

inline constexpr std::size_t header_size = 64;
inline constexpr std::size_t program_header_size = 56;
inline constexpr std::size_t max_program_headers = 64;
inline constexpr std::size_t max_segments = 16;

/// The part of the ELF header that says where the program headers are.
struct Header {
    VAddr entry{};
    std::uint64_t program_headers_offset = 0;
    std::size_t program_header_count = 0;
};

struct Segment {
    VAddr start{};  // as in the file, any alignment; not empty
    std::uint64_t memory_size = 0;
    std::uint64_t file_offset = 0;
    std::uint64_t file_size = 0;
    bool writable = false;
    bool executable = false;

    constexpr VAddr end() const { return start + memory_size; }
    constexpr VAddr file_end() const { return start + file_size; }
};

struct Image {
    VAddr entry{};
    VAddr program_headers{};  // where they are in memory; 0 if in no segment
    std::size_t program_header_count = 0;
    std::size_t segment_count = 0;
    Segment segments[max_segments];

    std::span<const Segment> loaded() const { return {segments, segment_count}; }
};

/// `bytes`: the first header_size bytes of the file, or all if it is shorter.
Result<Header> parse_header(std::span<const std::byte> bytes, std::uint64_t file_size);

/// `bytes`: the program headers. Segments must lie in [lowest, highest).
Result<Image> parse_image(const Header& header, std::span<const std::byte> bytes,
                          std::uint64_t file_size, VAddr lowest, VAddr highest);

}  // namespace sos::elf

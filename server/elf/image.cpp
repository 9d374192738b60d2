// SPDX-License-Identifier: BSD-2-Clause
#include "elf/image.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/bits.hpp"

namespace sos::elf {

namespace {

constexpr std::uint64_t page_size = 4096;

// ELF-64 object file format: offsets in the ELF header and in a program header.
namespace at {
constexpr std::size_t magic = 0, elf_class = 4, data = 5, ident_version = 6, type = 16,
                      machine = 18, version = 20, entry = 24, phoff = 32, phentsize = 54,
                      phnum = 56;
}
namespace ph {
constexpr std::size_t type = 0, flags = 4, offset = 8, vaddr = 16, filesz = 32, memsz = 40;
}

constexpr std::uint64_t class_64 = 2, little_endian = 1, current_version = 1;
constexpr std::uint64_t type_executable = 2, machine_aarch64 = 183;
constexpr std::uint64_t segment_load = 1, segment_interpreter = 3;
constexpr std::uint64_t flag_execute = 1, flag_write = 2;

/// A little-endian number of `size` bytes; the caller has checked that they are there.
[[gnu::always_inline]] inline std::uint64_t number(std::span<const std::byte> bytes,
                                                   std::size_t offset, std::size_t size) {
    static_assert(std::endian::native == std::endian::little);
    std::uint64_t value = 0;
    std::memcpy(&value, bytes.data() + offset, size);
    return value;
}

/// An entry of a page table names a place in the file with 39 bits.
constexpr std::uint64_t max_file_offset = std::uint64_t{1} << 39;

std::unexpected<Problem> bad(Problem problem) {
    return std::unexpected(problem);
}

Result<Segment> parse_segment(std::span<const std::byte> header, std::uint64_t file_size,
                              VAddr lowest, VAddr highest) {
    const std::uint64_t flags = number(header, ph::flags, 4);
    const Segment segment{.start = VAddr{number(header, ph::vaddr, 8)},
                          .memory_size = number(header, ph::memsz, 8),
                          .file_offset = number(header, ph::offset, 8),
                          .file_size = number(header, ph::filesz, 8),
                          .writable = (flags & flag_write) != 0,
                          .executable = (flags & flag_execute) != 0};
    if (segment.file_size > segment.memory_size) return bad(Problem::segment_larger_in_file);
    if (!base::range_within(segment.file_offset, segment.file_size,
                            std::min(file_size, max_file_offset))) {
        return bad(Problem::segment_outside_file);
    }
    if (segment.start < lowest ||
        !base::range_within(segment.start.raw(), segment.memory_size, highest.raw())) {
        return bad(Problem::address_out_of_range);
    }
    if (segment.file_size > 0 && (segment.start.raw() - segment.file_offset) % page_size != 0) {
        return bad(Problem::bad_alignment);
    }
    return segment;
}

/// Where the program headers are in memory: in the segment whose file part holds them.
VAddr find_program_headers(const Header& header, const Image& image) {
    const std::uint64_t size = header.program_header_count * program_header_size;
    for (const Segment& segment : image.loaded()) {
        if (header.program_headers_offset < segment.file_offset) continue;
        const std::uint64_t inside = header.program_headers_offset - segment.file_offset;
        if (base::range_within(inside, size, segment.file_size)) return segment.start + inside;
    }
    return VAddr{0};
}

bool executable_at(const Image& image, VAddr at) {
    for (const Segment& segment : image.loaded()) {
        if (segment.executable && segment.start <= at && at < segment.end()) return true;
    }
    return false;
}

}  // namespace

std::string_view text(Problem problem) {
    switch (problem) {
        case Problem::truncated_header:
            return "the file ends inside its ELF headers";
        case Problem::not_elf:
            return "not an ELF file";
        case Problem::wrong_class:
            return "not a 64-bit little-endian ELF file";
        case Problem::wrong_machine:
            return "not for AArch64";
        case Problem::wrong_type:
            return "not a static executable (link with -static -no-pie)";
        case Problem::needs_interpreter:
            return "needs a dynamic linker";
        case Problem::bad_program_headers:
            return "bad size, number or place of program headers";
        case Problem::too_many_segments:
            return "too many segments";
        case Problem::no_segments:
            return "no segments to load";
        case Problem::segment_outside_file:
            return "a segment is not inside the file";
        case Problem::segment_larger_in_file:
            return "a segment is larger in the file than in memory";
        case Problem::bad_alignment:
            return "address and file offset of a segment disagree";
        case Problem::address_out_of_range:
            return "a segment is outside of a program's addresses";
        case Problem::segments_overlap:
            return "segments overlap or are not in ascending order";
        case Problem::entry_not_executable:
            return "the entry is not in an executable segment";
        case Problem::file_changed:
            return "the file became shorter while it was read";
    }
    return "?";
}

Result<Header> parse_header(std::span<const std::byte> bytes, std::uint64_t file_size) {
    constexpr std::uint64_t elf_magic = 0x464c'457f;  // 0x7f 'E' 'L' 'F'
    if (bytes.size() < 4 || number(bytes, at::magic, 4) != elf_magic) return bad(Problem::not_elf);
    if (bytes.size() < header_size) return bad(Problem::truncated_header);
    if (number(bytes, at::elf_class, 1) != class_64 ||
        number(bytes, at::data, 1) != little_endian ||
        number(bytes, at::ident_version, 1) != current_version ||
        number(bytes, at::version, 4) != current_version) {
        return bad(Problem::wrong_class);
    }
    if (number(bytes, at::machine, 2) != machine_aarch64) return bad(Problem::wrong_machine);
    if (number(bytes, at::type, 2) != type_executable) return bad(Problem::wrong_type);

    const Header header{.entry = VAddr{number(bytes, at::entry, 8)},
                        .program_headers_offset = number(bytes, at::phoff, 8),
                        .program_header_count = number(bytes, at::phnum, 2)};
    if (number(bytes, at::phentsize, 2) != program_header_size ||
        header.program_header_count == 0 || header.program_header_count > max_program_headers) {
        return bad(Problem::bad_program_headers);
    }
    if (!base::range_within(header.program_headers_offset,
                            header.program_header_count * program_header_size, file_size)) {
        return bad(Problem::bad_program_headers);
    }
    return header;
}

Result<Image> parse_image(const Header& header, std::span<const std::byte> bytes,
                          std::uint64_t file_size, VAddr lowest, VAddr highest) {
    if (bytes.size() < header.program_header_count * program_header_size) {
        return bad(Problem::truncated_header);
    }
    Image image;
    image.entry = header.entry;
    image.program_header_count = header.program_header_count;
    for (std::size_t i = 0; i < header.program_header_count; ++i) {
        const auto one = bytes.subspan(i * program_header_size, program_header_size);
        const std::uint64_t type = number(one, ph::type, 4);
        if (type == segment_interpreter) return bad(Problem::needs_interpreter);
        if (type != segment_load || number(one, ph::memsz, 8) == 0) continue;
        if (image.segment_count == max_segments) return bad(Problem::too_many_segments);
        const Segment segment = TRY(parse_segment(one, file_size, lowest, highest));
        if (image.segment_count > 0 &&
            segment.start < image.segments[image.segment_count - 1].end()) {
            return bad(Problem::segments_overlap);
        }
        image.segments[image.segment_count++] = segment;
    }
    if (image.segment_count == 0) return bad(Problem::no_segments);
    if (!executable_at(image, image.entry) || image.entry.raw() % 4 != 0) {
        return bad(Problem::entry_not_executable);
    }
    image.program_headers = find_program_headers(header, image);
    return image;
}

}  // namespace sos::elf

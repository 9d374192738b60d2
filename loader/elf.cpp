// SPDX-License-Identifier: BSD-2-Clause
#include "elf.hpp"

#include <algorithm>
#include <cstring>

#include "base/bits.hpp"
#include "base/result.hpp"

namespace loader {
namespace {

struct FileHeader {
    std::uint8_t magic[4];
    std::uint8_t file_class;
    std::uint8_t byte_order;
    std::uint8_t ident_version;
    std::uint8_t ident_rest[9];
    std::uint16_t type;
    std::uint16_t machine;
    std::uint32_t version;
    std::uint64_t entry;
    std::uint64_t program_headers;
    std::uint64_t section_headers;
    std::uint32_t flags;
    std::uint16_t header_size;
    std::uint16_t program_header_size;
    std::uint16_t program_header_count;
    std::uint16_t section_fields[3];
};
static_assert(sizeof(FileHeader) == 64);

struct ProgramHeader {
    std::uint32_t type;
    std::uint32_t flags;
    std::uint64_t offset;
    std::uint64_t virtual_address;
    std::uint64_t physical_address;
    std::uint64_t file_size;
    std::uint64_t memory_size;
    std::uint64_t alignment;
};
static_assert(sizeof(ProgramHeader) == 56);
static_assert(sizeof(ProgramHeader) * ElfImage::max_segments <= 4096);

constexpr std::uint8_t class_64 = 2;
constexpr std::uint8_t little_endian = 1;
constexpr std::uint16_t type_executable = 2;
constexpr std::uint16_t machine_aarch64 = 183;
constexpr std::uint32_t segment_load = 1;
constexpr std::uint32_t flag_execute = 1;

// The file may lie at any address, and unaligned access faults while the MMU is off.
template <typename T>
T read_at(std::span<const std::byte> file, std::uint64_t offset) {
    T value;
    std::memcpy(&value, file.data() + offset, sizeof(T));
    return value;
}

bool wraps(std::uint64_t start, std::uint64_t size) {
    return start + size < start;
}

void extend(Range& range, Range by) {
    range.start = std::min(range.start, by.start);
    range.end = std::max(range.end, by.end);
}

}  // namespace

bool Segment::to_load() const {
    return type == segment_load;
}

bool Segment::executable() const {
    return (flags & flag_execute) != 0;
}

Result<ElfImage> ElfImage::parse(std::span<const std::byte> file, Part part) {
    const auto fail = [part](Error error) { return std::unexpected(Failure{part, error}); };
    if (file.size() < sizeof(FileHeader)) return fail(Error::elf_truncated);
    const auto header = read_at<FileHeader>(file, 0);
    if (std::memcmp(header.magic, "\177ELF", 4) != 0 || header.file_class != class_64 ||
        header.byte_order != little_endian || header.ident_version != 1 || header.version != 1)
        return fail(Error::elf_not_elf);
    if (header.type != type_executable || header.machine != machine_aarch64)
        return fail(Error::elf_not_aarch64_executable);
    if (header.header_size != sizeof(FileHeader) ||
        header.program_header_size != sizeof(ProgramHeader) || header.program_header_count == 0 ||
        header.program_header_count > max_segments)
        return fail(Error::elf_bad_headers);
    ElfImage image;
    image.file_ = file;
    image.entry_ = header.entry;
    image.table_offset_ = header.program_headers;
    image.count_ = header.program_header_count;
    if (!base::range_within(image.table_offset_, image.count_ * sizeof(ProgramHeader), file.size()))
        return fail(Error::elf_truncated);
    TRY(image.check_segments(part));
    TRY(image.check_overlaps(part));
    return image;
}

Result<void> ElfImage::check_segments(Part part) {
    const auto fail = [part](Error error) { return std::unexpected(Failure{part, error}); };
    bool entry_found = false;
    bool anything = false;
    for (std::size_t i = 0; i < count_; ++i) {
        const auto raw = read_at<ProgramHeader>(file_, table_offset_ + i * sizeof(ProgramHeader));
        if (raw.type == segment_load) {
            if (raw.file_size > raw.memory_size) return fail(Error::elf_segment_size);
            // Linkers give segments without content any offset.
            if (raw.file_size != 0 && !base::range_within(raw.offset, raw.file_size, file_.size()))
                return fail(Error::elf_segment_outside_file);
        }
        if (raw.memory_size == 0) continue;
        if (wraps(raw.virtual_address, raw.memory_size) ||
            wraps(raw.physical_address, raw.memory_size))
            return fail(Error::elf_segment_wraps);
        const Segment checked = segment(i);
        extend(virtual_range_, checked.virtual_range());
        extend(physical_range_, checked.physical_range());
        if (!checked.to_load()) continue;
        anything = true;
        if (checked.executable() && entry_ >= checked.virtual_start &&
            entry_ < checked.virtual_range().end)
            entry_found = true;
    }
    if (!anything) return fail(Error::elf_nothing_to_load);
    if (!entry_found) return fail(Error::elf_bad_entry);
    return {};
}

Result<void> ElfImage::check_overlaps(Part part) const {
    for (std::size_t i = 0; i < count_; ++i) {
        const Segment one = segment(i);
        if (!one.to_load() || one.memory_size == 0) continue;
        for (std::size_t j = 0; j < i; ++j) {
            const Segment other = segment(j);
            if (other.to_load() && other.memory_size != 0 &&
                other.virtual_range().overlaps(one.virtual_range()))
                return std::unexpected(Failure{part, Error::elf_segments_overlap});
        }
    }
    return {};
}

Segment ElfImage::segment(std::size_t index) const {
    const auto raw = read_at<ProgramHeader>(file_, table_offset_ + index * sizeof(ProgramHeader));
    Segment result{.type = raw.type,
                   .flags = raw.flags,
                   .virtual_start = raw.virtual_address,
                   .physical_start = raw.physical_address,
                   .memory_size = raw.memory_size,
                   .content = {}};
    if (result.to_load() && raw.file_size != 0)
        result.content = file_.subspan(raw.offset, raw.file_size);
    return result;
}

std::span<const std::byte> ElfImage::program_headers() const {
    return file_.subspan(table_offset_, count_ * sizeof(ProgramHeader));
}

}  // namespace loader

// SPDX-License-Identifier: BSD-2-Clause
// ElfImage: a static AArch64 ELF executable whose every header field has been checked. After
// parse() succeeded, no segment lies outside the file, wraps around or overlaps another, and the
// entry point lies in an executable segment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "failure.hpp"

namespace loader {

/// Addresses [start, end).
struct Range {
    std::uint64_t start = 0;
    std::uint64_t end = 0;

    constexpr std::uint64_t size() const { return end - start; }
    constexpr bool overlaps(Range other) const { return start < other.end && other.start < end; }
    constexpr bool contains(Range other) const { return start <= other.start && other.end <= end; }
    friend constexpr bool operator==(Range, Range) = default;
};

struct Segment {
    std::uint32_t type;
    std::uint32_t flags;
    std::uint64_t virtual_start;
    std::uint64_t physical_start;
    std::uint64_t memory_size;
    std::span<const std::byte> content;  // from the file; only of segments to load

    bool to_load() const;
    bool executable() const;
    Range virtual_range() const { return {virtual_start, virtual_start + memory_size}; }
    Range physical_range() const { return {physical_start, physical_start + memory_size}; }
};

class ElfImage {
  public:
    // One page takes a copy of the program header table.
    static constexpr std::size_t max_segments = 73;

    static Result<ElfImage> parse(std::span<const std::byte> file, Part part);

    std::uint64_t entry() const { return entry_; }
    std::size_t segment_count() const { return count_; }
    /// Segment `index`, below segment_count(); those of memory size 0 count for nothing.
    Segment segment(std::size_t index) const;
    std::span<const std::byte> program_headers() const;
    /// From the lowest to the highest address of all segments.
    Range virtual_range() const { return virtual_range_; }
    Range physical_range() const { return physical_range_; }

  private:
    Result<void> check_segments(Part part);
    Result<void> check_overlaps(Part part) const;

    std::span<const std::byte> file_{};
    std::uint64_t entry_ = 0;
    std::uint64_t table_offset_ = 0;
    std::size_t count_ = 0;
    Range virtual_range_{~0ull, 0};
    Range physical_range_{~0ull, 0};
};

}  // namespace loader

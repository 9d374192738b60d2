// SPDX-License-Identifier: BSD-2-Clause
// Executable: where the pages of a program's ELF regions come from. Nothing is read before it is
// touched, so the file stays open as long as the process lives, and its version is checked with
// each page that comes: a program never runs on a mixture of two.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "vm/pager.hpp"

namespace sos::vm {

/// Bytes of the file that are at `start`; what lies between such ranges is zero.
struct FileSegment {
    VAddr start{};
    std::uint64_t offset = 0;
    std::uint64_t size = 0;

    constexpr VAddr end() const { return start + size; }
};

class Executable {
  public:
    static constexpr std::size_t max_segments = 16;

    Executable() = default;
    /// At most max_segments, in ascending order.
    Executable(const ExecutableFile& file, std::span<const FileSegment> segments)
        : file_(file), count_(segments.size()) {
        ASSERT(count_ <= max_segments);
        std::ranges::copy(segments, segments_.begin());
    }

    const ExecutableFile& file() const { return file_; }

    /// The bytes of the file for a page; nothing if it has none. (Pages that have bytes of several
    /// segments are filled by the loader.)
    std::optional<FileRange> range_of(VAddr page) const {
        for (const FileSegment& segment : std::span(segments_.data(), count_)) {
            const VAddr start = std::max(segment.start, page);
            const VAddr end = std::min(segment.end(), page + page_size);
            if (start >= end) continue;
            return FileRange{.offset = segment.offset + (start - segment.start),
                             .inside = static_cast<std::uint32_t>(start - page),
                             .size = static_cast<std::uint32_t>(end - start)};
        }
        return std::nullopt;
    }

  private:
    ExecutableFile file_{};
    std::size_t count_ = 0;
    std::array<FileSegment, max_segments> segments_{};
};

}  // namespace sos::vm

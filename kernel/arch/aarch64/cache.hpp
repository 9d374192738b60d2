// SPDX-License-Identifier: BSD-2-Clause
// Cache maintenance by address over [start, end) of kernel addresses, as user invocations and
// memory that leaves the kernel need it. Every function ends with its barrier.
#pragma once

#include <cstddef>
#include <cstdint>

namespace arch {

inline constexpr std::size_t cache_line = 64;

/// To the point of coherency: devices and uncached mappings see it.
void cache_clean(std::uint64_t start, std::uint64_t end);
void cache_clean_invalidate(std::uint64_t start, std::uint64_t end);
/// Drops what is in the cache; lines that are only partly in the range are written back.
void cache_invalidate(std::uint64_t start, std::uint64_t end);
/// Instructions written as data become visible to instruction fetch.
void cache_unify(std::uint64_t start, std::uint64_t end);

}  // namespace arch

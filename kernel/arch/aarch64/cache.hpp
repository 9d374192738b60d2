// SPDX-License-Identifier: BSD-2-Clause
// Cache maintenance by address over [start, end) of kernel addresses, as user invocations and
// memory that leaves the kernel need it. Ends with its barrier.
#pragma once

#include <cstddef>
#include <cstdint>

namespace arch {

inline constexpr std::size_t cache_line = 64;

// In the order of the labels of Page and VSpace.
enum class CacheOperation : std::uint8_t {
    clean,             // to the point of coherency: devices and uncached mappings see it
    invalidate,        // drops what is cached; lines only partly in the range are written back
    clean_invalidate,  // both
    unify,             // instructions written as data become visible to instruction fetch
};
void cache_maintain(CacheOperation operation, std::uint64_t start, std::uint64_t end);

}  // namespace arch

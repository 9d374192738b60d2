// SPDX-License-Identifier: BSD-2-Clause
// Address spaces as Page and PageTable invocations see them: from a VSpace capability, or from the
// ASID that a mapped capability remembers, to the top-level table; and the cache operations that
// pages and address spaces have in common.
#pragma once

#include <cstdint>

#include "api/invocation.hpp"
#include "arch/contract.hpp"
#include "cap/cap.hpp"
#include "page_table.hpp"

namespace numbat {

/// Tables as the kernel reaches them.
struct KernelTables {
    static arch::Entry* table(PAddr address) {
        return static_cast<arch::Entry*>(arch::kernel_pointer(address));
    }
};

/// The assigned VSpace that extra capability 0 names, for mapping into it (7.10.2 and 7.10.3).
Result<VSpaceCap> decode_target_vspace(Cap cap);

enum class CacheOperation : std::uint8_t { clean, invalidate, clean_invalidate, unify };

/// Carries out `operation` on [start, start + size) of the mapping that `entry` makes at `bits`.
/// The range lies inside that page.
void cache_maintain(CacheOperation operation, VSpaceCap vspace, arch::Position at, VAddr start,
                    std::uint64_t size);

}  // namespace numbat

// SPDX-License-Identifier: BSD-2-Clause
// Address spaces as Page and PageTable invocations see them: from a VSpace capability, or from the
// ASID that a mapped capability remembers, to the top-level table; and the cache operations that
// pages and address spaces have in common. Whatever a table maps, a capability accounts for: an
// entry goes before the capability, its table or its ASID does, and the TLB forgets it.
#pragma once

#include <cstdint>

#include "api/invocation.hpp"
#include "arch/contract.hpp"
#include "cap/cap.hpp"
#include "object/asid.hpp"
#include "page_table.hpp"

namespace numbat {

/// Tables as the kernel reaches them.
struct KernelTables {
    static arch::Entry* table(PAddr address) {
        return static_cast<arch::Entry*>(arch::kernel_pointer(address));
    }
};

/// May pages and tables be mapped into what this capability names: an address space that its ASID
/// still names?
inline bool usable_vspace(Cap cap) {
    if (!cap.is<VSpaceCap>()) return false;
    return arch::ttbr0_entry(cap.as<VSpaceCap>().table()) != 0;
}
/// Why usable_vspace() said no (7.10.2 and 7.10.3); the capability is extra capability 0.
SysError vspace_error(Cap cap);

/// For mapped capabilities whose ASID names nothing any more.
constexpr SysError root_is_gone() {
    return SysError::failed_lookup(LookupSide::destination, LookupFailure::invalid_root());
}

enum class CacheOperation : std::uint8_t { clean, invalidate, clean_invalidate, unify };

/// Carries out `operation` on [start, start + size) of the mapping that `entry` makes at `bits`.
/// The range lies inside that page.
void cache_maintain(CacheOperation operation, VSpaceCap vspace, arch::Position at, VAddr start,
                    std::uint64_t size);

}  // namespace numbat

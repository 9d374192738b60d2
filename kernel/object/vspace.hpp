// SPDX-License-Identifier: BSD-2-Clause
// Address spaces as Page and PageTable invocations see them: from a VSpace capability, or from the
// ASID that a mapped capability remembers, to the top-level table; and the cache operations that
// pages and address spaces have in common. Whatever a table maps, a capability accounts for: an
// entry goes before the capability, its table or its ASID does, and the TLB forgets it.
#pragma once

#include <cstdint>
#include <optional>

#include "api/invocation.hpp"
#include "arch/contract.hpp"
#include "cache.hpp"
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
Fail vspace_error(Cap cap);

/// For mapped capabilities whose ASID names nothing any more.
constexpr Fail root_is_gone() {
    return fail::failed_lookup(LookupSide::destination, LookupFailure::invalid_root());
}

using arch::CacheOperation;

/// What `label` asks for, if it is one of the four from `first` on.
constexpr std::optional<CacheOperation> cache_operation(abi::Invocation label,
                                                        abi::Invocation first) {
    const auto number = static_cast<std::uint64_t>(label) - static_cast<std::uint64_t>(first);
    if (number > static_cast<std::uint64_t>(CacheOperation::unify)) return std::nullopt;
    return static_cast<CacheOperation>(number);
}

/// Carries out `operation` on [start, start + size), which lies inside the page that `at` maps;
/// refuses to invalidate what the user may not write. Preemptible: `caller` notes how far it came.
InvocationResult cache_maintain(Tcb& caller, CacheOperation operation, VSpaceCap vspace,
                                arch::Position at, VAddr start, std::uint64_t size);

}  // namespace numbat

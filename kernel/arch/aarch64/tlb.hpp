// SPDX-License-Identifier: BSD-2-Clause
// Translation table entries and the TLB. One core: operations and barriers are non-shareable.
// Each function ends when no stale translation can be used by EL0 any more (the return to user
// synchronises the context).
#pragma once

#include <cstdint>

#include "registers.hpp"

namespace arch {

/// The table walker sees entries that were stored before. Needed after making an entry valid.
inline void publish_table_entry() {
    dsb_nshst();
}

/// Forgets one page of one address space. The store that changed the entry came before.
inline void tlb_invalidate_page(std::uint16_t asid, std::uint64_t vaddr) {
    // The walker must not read the old entry again behind the invalidation.
    dsb_nshst();
    asm volatile("tlbi vae1, %0" ::"r"(std::uint64_t{asid} << 48 | vaddr >> 12) : "memory");
    dsb_nsh();
}

/// Forgets an address space, intermediate levels included.
inline void tlb_invalidate_asid(std::uint16_t asid) {
    dsb_nshst();
    asm volatile("tlbi aside1, %0" ::"r"(std::uint64_t{asid} << 48) : "memory");
    dsb_nsh();
}

inline void tlb_invalidate_all() {
    dsb_nshst();
    asm volatile("tlbi vmalle1" ::: "memory");
    dsb_nsh();
    isb();
}

}  // namespace arch

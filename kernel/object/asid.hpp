// SPDX-License-Identifier: BSD-2-Clause
// ASIDs: 128 pools of 512 name the address spaces. An ASID belongs to the VSpace whose table its
// pool names; capabilities remember ASIDs, which may have gone since, so each use looks them up.
// ASID 0 is never given out. The numbers are those that the TLB tags its entries with.
#pragma once

#include <array>
#include <cstdint>

#include "cap/cap.hpp"

namespace numbat {

inline constexpr unsigned asids_per_pool = 1u << abi::asid_pool_index_bits;
inline constexpr unsigned asid_pool_count = 1u << abi::asid_pool_count_bits;

struct AsidPool {
    std::uint64_t* tables[asids_per_pool];

    /// Gives a table without ASID this one, which is free and of this pool.
    void assign(Asid asid, std::uint64_t* table);
    /// The address space with this ASID is lost: its translations, too.
    void release(Asid asid);
};
static_assert(sizeof(AsidPool) == 1u << abi::asid_pool_bits);

extern constinit std::array<AsidPool*, asid_pool_count> asid_pools;

/// The top-level table of the address space with this ASID; null if there is none.
[[gnu::always_inline]] inline std::uint64_t* vspace_of(Asid asid) {
    const AsidPool* pool = asid_pools[asid / asids_per_pool];
    return pool == nullptr ? nullptr : pool->tables[asid % asids_per_pool];
}

/// For the boot code: makes `pool` the one with base 0 and gives `table` its first ASID, 1.
Asid register_boot_pool(AsidPool& pool, std::uint64_t* table);

}  // namespace numbat

// SPDX-License-Identifier: BSD-2-Clause
// Translation table entries (VMSAv8-64, 4 KiB granule, 48 bits) and the walk through the tables of
// a user address space. The walk is a template over Memory, which turns the address in a table
// entry into a pointer: the kernel's window on the target, a map of arrays in host tests.
//
//   bits   39          30          21          12
//        root ------> table -----> table -----> table       an entry at `bits` covers 2^bits bytes
//                       \ 1 GiB      \ 2 MiB      \ 4 KiB
#pragma once

#include <cstdint>

#include "base/bits.hpp"
#include "cap/cap.hpp"

namespace arch {

using Entry = std::uint64_t;

inline constexpr unsigned root_bits = 39;
inline constexpr unsigned page_bits = 12;
inline constexpr unsigned level_bits = 9;
inline constexpr unsigned entries_per_table = 512;

// MAIR_EL1 as the loader sets it.
inline constexpr Entry memory_device = 0 << 2;
inline constexpr Entry memory_normal = 4 << 2;

namespace entry_bits {
inline constexpr Entry valid = 1;
inline constexpr Entry table_or_page = 2;  // with valid: a table, or a page at the last level
inline constexpr Entry user_access = base::bit(6);
inline constexpr Entry read_only = base::bit(7);
inline constexpr Entry permissions = user_access | read_only;
inline constexpr Entry accessed = base::bit(10);
inline constexpr Entry not_global = base::bit(11);
inline constexpr Entry kernel_execute_never = base::bit(53);
inline constexpr Entry user_execute_never = base::bit(54);
inline constexpr Entry address = 0x0000'ffff'ffff'f000;
}  // namespace entry_bits

constexpr bool entry_valid(Entry entry) {
    return (entry & entry_bits::valid) != 0;
}

/// Above the last level: does the entry name a table? What is not valid is zero there.
constexpr bool entry_is_table(Entry entry) {
    return (entry & entry_bits::table_or_page) != 0;
}

constexpr base::PAddr entry_address(Entry entry) {
    return base::PAddr(entry & entry_bits::address);
}

constexpr Entry table_entry(base::PAddr table) {
    return table.raw() | entry_bits::valid | entry_bits::table_or_page;
}

/// A user page of 2^bits bytes. `attributes` are those of Page_Map.
constexpr Entry user_page_entry(base::PAddr page, unsigned bits, numbat::FrameRights rights,
                                std::uint64_t attributes) {
    using namespace entry_bits;
    Entry entry = page.raw() | valid | accessed | not_global | kernel_execute_never;
    entry |= bits == page_bits ? table_or_page : 0;
    entry |= (attributes & abi::page_attributes::cacheable) != 0 ? memory_normal : memory_device;
    // Without access for EL0 a page could still be executed.
    if ((attributes & abi::page_attributes::execute_never) != 0 ||
        rights == numbat::FrameRights::none)
        entry |= user_execute_never;
    if (rights != numbat::FrameRights::none) entry |= user_access;
    if (rights != numbat::FrameRights::read_write) entry |= read_only;
    return entry;
}

constexpr bool user_may_write(Entry entry) {
    return (entry & entry_bits::permissions) == entry_bits::user_access;
}

constexpr unsigned entry_index(std::uint64_t vaddr, unsigned bits) {
    return static_cast<unsigned>(base::bits(vaddr, bits, level_bits));
}

/// What TTBR0 holds for the address space of this top-level table as long as an ASID names it, else
/// 0. It is kept in the last entry: no user address leads there, and a walker finds it invalid.
inline Entry& ttbr0_entry(Entry* root) {
    return root[entries_per_table - 1];
}

/// Where a walk ended: an entry, and what it covers.
struct Position {
    Entry* entry;
    unsigned bits;
};

/// From `table`, whose entries cover 2^Bits bytes each, towards `vaddr` as far as there are tables.
/// One instance per level, inlined into each other: every map and unmap comes here.
template <typename Memory, unsigned Bits = root_bits>
[[gnu::always_inline]] inline Position walk(Entry* table, std::uint64_t vaddr) {
    Entry* entry = &table[entry_index(vaddr, Bits)];
    if constexpr (Bits == page_bits) {
        return {entry, Bits};
    } else {
        const Entry value = *entry;
        if (!entry_is_table(value)) [[unlikely]]
            return {entry, Bits};
        return walk<Memory, Bits - level_bits>(Memory::table(entry_address(value)), vaddr);
    }
}

/// The entry on the path to `vaddr` that names `table`; null if none does.
template <typename Memory>
Entry* find_table(Entry* root, std::uint64_t vaddr, base::PAddr table) {
    Entry* current = root;
    for (unsigned bits = root_bits; bits > page_bits; bits -= level_bits) {
        Entry* entry = &current[entry_index(vaddr, bits)];
        if (!entry_is_table(*entry)) return nullptr;
        if (entry_address(*entry) == table) return entry;
        current = Memory::table(entry_address(*entry));
    }
    return nullptr;
}

/// The entry that maps the page of 2^bits bytes at `page` to `vaddr`; null if none does (any more).
template <typename Memory>
[[gnu::always_inline]] inline Entry* find_page(Entry* root, std::uint64_t vaddr, unsigned bits,
                                               base::PAddr page) {
    const Position position = walk<Memory>(root, vaddr);
    const bool maps_it = position.bits == bits && entry_valid(*position.entry) &&
                         entry_address(*position.entry) == page;
    return maps_it ? position.entry : nullptr;
}

}  // namespace arch

// SPDX-License-Identifier: BSD-2-Clause
// What is mapped against what capabilities say. A capability may be stale (its page was replaced,
// its table is gone), so the rule is the other way round: whatever the tables show, some capability
// must account for. Counted, not matched one by one: that takes no memory.
#include "check/invariants.hpp"
#include "object/asid.hpp"
#include "object/vspace.hpp"
#include "page_table.hpp"

namespace numbat::check {

namespace {

struct Counts {
    std::uint64_t pages = 0;
    std::uint64_t tables = 0;
    std::uint64_t spaces = 0;
};

void count_table(Counts& counts, const arch::Entry* table, unsigned bits) {
    for (unsigned i = 0; i < arch::entries_per_table; ++i) {
        const arch::Entry entry = table[i];
        if (!arch::entry_valid(entry)) continue;
        if (bits == arch::page_bits || !arch::entry_is_table(entry)) {
            ++counts.pages;
        } else {
            ++counts.tables;
            count_table(counts, KernelTables::table(arch::entry_address(entry)),
                        bits - arch::level_bits);
        }
    }
}

Counts count_tables() {
    Counts counts;
    for (const AsidPool* pool : asid_pools) {
        if (pool == nullptr) continue;
        for (const std::uint64_t* table : pool->tables) {
            if (table == nullptr) continue;
            ++counts.spaces;
            count_table(counts, table, arch::root_bits);
        }
    }
    return counts;
}

void count_cap(Counts& counts, const Slot& slot) {
    const Cap cap = slot.cap;
    if (cap.is<VSpaceCap>()) {
        if (first_of_object(slot) && usable_vspace(cap)) ++counts.spaces;
        return;
    }
    if (cap.is<FrameCap>()) {
        const auto frame = cap.as<FrameCap>();
        std::uint64_t* const root = frame.mapped() ? vspace_of(frame.asid()) : nullptr;
        if (root != nullptr && arch::find_page<KernelTables>(root, frame.vaddr().raw(),
                                                             frame.size_bits(), frame.paddr()))
            ++counts.pages;
        return;
    }
    if (!cap.is<PageTableCap>() || !first_of_object(slot)) return;
    const auto table = cap.as<PageTableCap>();
    std::uint64_t* const root = table.mapped() ? vspace_of(table.asid()) : nullptr;
    if (root != nullptr && arch::find_table<KernelTables>(root, table.vaddr().raw(),
                                                          arch::physical_address(table.table())))
        ++counts.tables;
}

}  // namespace

const char* violated_mapping() {
    Counts claimed;
    static_cast<void>(for_each_slot([&](const Slot& slot) -> const char* {
        count_cap(claimed, slot);
        return nullptr;
    }));
    const Counts mapped = count_tables();
    if (mapped.pages > claimed.pages) return "mapping: a page that no capability accounts for";
    if (mapped.tables > claimed.tables) return "mapping: a table that no capability accounts for";
    if (mapped.spaces > claimed.spaces) return "ASID: an address space without a capability";
    return nullptr;
}

}  // namespace numbat::check

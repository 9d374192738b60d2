// SPDX-License-Identifier: BSD-2-Clause
#include "object/asid.hpp"

#include <algorithm>

#include "arch/contract.hpp"
#include "base/result.hpp"
#include "cap/derivation.hpp"
#include "cap/lookup.hpp"
#include "object/invoke.hpp"
#include "object/vspace.hpp"
#include "tlb.hpp"

namespace numbat {

constinit std::array<AsidPool*, asid_pool_count> asid_pools{};

namespace {

constexpr Asid boot_asid = 1;

/// sel4-abi 7.10.6.
InvocationResult make_pool(const Invocation& invocation) {
    if (invocation.is_short(2, 2)) return fail::truncated();
    const auto free_pool = std::ranges::find(asid_pools, nullptr);
    if (free_pool == asid_pools.end()) return fail::delete_first();
    Slot& source = *invocation.extra[0];
    if (!source.cap.is<UntypedCap>()) return fail::invalid_capability(1);
    auto untyped = source.cap.as<UntypedCap>();
    if (untyped.size_bits() != abi::asid_pool_bits || untyped.device())
        return fail::invalid_capability(1);
    TRY(ensure_no_children(source));
    Slot& target = *TRY(lookup_target_slot(invocation.extra[1]->cap, invocation.mr(0),
                                           invocation.mr(1), LookupSide::destination));
    if (!target.empty()) return fail::delete_first();
    // ---- from here on nothing can fail ----
    void* memory = arch::kernel_pointer(untyped.paddr());
    arch::clear_memory(memory, sizeof(AsidPool));
    untyped.set_free_offset(untyped.size());
    source.cap = untyped;
    *free_pool = static_cast<AsidPool*>(memory);
    const auto base = static_cast<Asid>((free_pool - asid_pools.begin()) * asids_per_pool);
    insert_child(target, AsidPoolCap::make(memory, base), source, DerivationFlags::none);
    return Outcome::done;
}

/// sel4-abi 7.10.7.
InvocationResult assign(const Invocation& invocation, AsidPoolCap cap) {
    if (invocation.is_short(0, 1)) return fail::truncated();
    Slot& slot = *invocation.extra[0];
    if (!slot.cap.is<VSpaceCap>() || slot.cap.as<VSpaceCap>().assigned())
        return fail::invalid_capability(1);
    AsidPool* registered = asid_pools[cap.base() / asids_per_pool];
    if (registered == nullptr) return root_is_gone();
    if (registered != &cap.pool<AsidPool>()) return fail::invalid_capability(0);
    // ASID 0 means "none".
    unsigned index = cap.base() == 0 ? 1 : 0;
    while (index < asids_per_pool && registered->tables[index] != nullptr) ++index;
    if (index == asids_per_pool) return fail::delete_first();
    // ---- from here on nothing can fail ----
    auto vspace = slot.cap.as<VSpaceCap>();
    vspace.set_asid(static_cast<Asid>(cap.base() + index));
    slot.cap = vspace;
    registered->assign(vspace.asid(), vspace.table());
    return Outcome::done;
}

}  // namespace

void AsidPool::assign(Asid asid, std::uint64_t* table) {
    tables[asid % asids_per_pool] = table;
    arch::ttbr0_entry(table) = arch::make_ttbr0(table, asid);
}

void AsidPool::release(Asid asid) {
    arch::Entry& ttbr0 = arch::ttbr0_entry(tables[asid % asids_per_pool]);
    tables[asid % asids_per_pool] = nullptr;
    arch::leave_address_space(ttbr0);
    ttbr0 = 0;
    arch::tlb_invalidate_asid(asid);
}

Asid register_boot_pool(AsidPool& pool, std::uint64_t* table) {
    asid_pools[0] = &pool;
    pool.assign(boot_asid, table);
    return boot_asid;
}

InvocationResult invoke_asid_control(Invocation& invocation) {
    if (invocation.label != abi::Invocation::asid_control_make_pool)
        return fail::illegal_operation();
    return make_pool(invocation);
}

InvocationResult invoke_asid_pool(Invocation& invocation, AsidPoolCap cap) {
    if (invocation.label != abi::Invocation::asid_pool_assign) return fail::illegal_operation();
    return assign(invocation, cap);
}

bool release_asids(AsidPoolCap cap) {
    constexpr unsigned asids_per_step = 32;
    AsidPool& pool = cap.pool<AsidPool>();
    if (asid_pools[cap.base() / asids_per_pool] != &pool) return true;
    unsigned released = 0;
    for (unsigned i = 0; i < asids_per_pool; ++i) {
        if (pool.tables[i] == nullptr) continue;
        if (released++ == asids_per_step) return false;
        pool.release(static_cast<Asid>(cap.base() + i));
    }
    return true;
}

void finalise_asid_pool(AsidPoolCap cap) {
    AsidPool*& registered = asid_pools[cap.base() / asids_per_pool];
    if (registered == &cap.pool<AsidPool>()) registered = nullptr;
}

}  // namespace numbat

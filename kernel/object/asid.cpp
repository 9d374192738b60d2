// SPDX-License-Identifier: BSD-2-Clause
#include "object/asid.hpp"

#include <algorithm>

#include "arch/contract.hpp"
#include "base/result.hpp"
#include "object/vspace.hpp"
#include "tlb.hpp"

namespace numbat {

constinit std::array<AsidPool*, asid_pool_count> asid_pools{};

namespace {

constexpr Asid boot_asid = 1;

struct MakePoolArgs {
    unsigned index;
    Slot& untyped;
    Slot& target;
};

/// sel4-abi 7.10.6.
Result<MakePoolArgs> decode_make_pool(const Invocation& invocation) {
    if (invocation.length < 2 || invocation.extra_count < 2) return Fail(SysError::truncated());
    const auto free_pool = std::ranges::find(asid_pools, nullptr);
    if (free_pool == asid_pools.end()) return Fail(SysError::delete_first());
    Slot& source = *invocation.extra[0];
    if (!source.cap.is<UntypedCap>()) return Fail(SysError::invalid_capability(1));
    const auto untyped = source.cap.as<UntypedCap>();
    if (untyped.size_bits() != abi::asid_pool_bits || untyped.device())
        return Fail(SysError::invalid_capability(1));
    TRY(ensure_no_children(source));
    Slot* target = TRY(lookup_target_slot(invocation.extra[1]->cap, invocation.mr(0),
                                          invocation.mr(1), LookupSide::destination));
    if (!target->empty()) return Fail(SysError::delete_first());
    return MakePoolArgs{static_cast<unsigned>(free_pool - asid_pools.begin()), source, *target};
}

Outcome make_pool(const MakePoolArgs& args) {
    auto untyped = args.untyped.cap.as<UntypedCap>();
    void* memory = arch::kernel_pointer(untyped.paddr());
    arch::clear_memory(memory, sizeof(AsidPool));
    untyped.set_free_offset(untyped.size());
    args.untyped.cap = untyped;
    asid_pools[args.index] = static_cast<AsidPool*>(memory);
    const auto base = static_cast<Asid>(args.index * asids_per_pool);
    insert_child(args.target, AsidPoolCap::make(memory, base), args.untyped, DerivationFlags::none);
    return Outcome::done;
}

struct AssignArgs {
    AsidPool& pool;
    Slot& vspace;
    Asid asid;
};

/// sel4-abi 7.10.7.
Result<AssignArgs> decode_assign(const Invocation& invocation, AsidPoolCap cap) {
    if (invocation.extra_count < 1) return Fail(SysError::truncated());
    Slot& vspace = *invocation.extra[0];
    if (!vspace.cap.is<VSpaceCap>() || vspace.cap.as<VSpaceCap>().assigned())
        return Fail(SysError::invalid_capability(1));
    AsidPool* registered = asid_pools[cap.base() / asids_per_pool];
    if (registered == nullptr)
        return Fail(
            SysError::failed_lookup(LookupSide::destination, LookupFailure::invalid_root()));
    if (registered != &cap.pool<AsidPool>()) return Fail(SysError::invalid_capability(0));
    // ASID 0 means "none".
    unsigned index = cap.base() == 0 ? 1 : 0;
    while (index < asids_per_pool && registered->tables[index] != nullptr) ++index;
    if (index == asids_per_pool) return Fail(SysError::delete_first());
    return AssignArgs{*registered, vspace, static_cast<Asid>(cap.base() + index)};
}

Outcome assign(const AssignArgs& args) {
    auto vspace = args.vspace.cap.as<VSpaceCap>();
    vspace.set_asid(args.asid);
    args.vspace.cap = vspace;
    args.pool.assign(args.asid, vspace.table());
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
        return Fail(SysError::illegal_operation());
    return make_pool(TRY(decode_make_pool(invocation)));
}

InvocationResult invoke_asid_pool(Invocation& invocation, AsidPoolCap cap) {
    if (invocation.label != abi::Invocation::asid_pool_assign)
        return Fail(SysError::illegal_operation());
    return assign(TRY(decode_assign(invocation, cap)));
}

void finalise_asid_pool(AsidPoolCap cap, Finality finality) {
    AsidPool& pool = cap.pool<AsidPool>();
    AsidPool*& registered = asid_pools[cap.base() / asids_per_pool];
    if (finality != Finality::final || registered != &pool) return;
    registered = nullptr;
    for (unsigned i = 0; i < asids_per_pool; ++i) {
        if (pool.tables[i] != nullptr) pool.release(static_cast<Asid>(cap.base() + i));
    }
}

}  // namespace numbat

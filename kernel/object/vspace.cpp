// SPDX-License-Identifier: BSD-2-Clause
#include "object/vspace.hpp"

#include "address_space.hpp"
#include "base/result.hpp"
#include "cache.hpp"
#include "object/asid.hpp"
#include "tlb.hpp"

namespace numbat {
namespace {

void maintain(CacheOperation operation, std::uint64_t start, std::uint64_t end) {
    switch (operation) {
        case CacheOperation::clean:
            return arch::cache_clean(start, end);
        case CacheOperation::invalidate:
            return arch::cache_invalidate(start, end);
        case CacheOperation::clean_invalidate:
            return arch::cache_clean_invalidate(start, end);
        case CacheOperation::unify:
            return arch::cache_unify(start, end);
    }
}

// ---- VSpace: cache operations (7.10.5) ---------------------------------------------------------

struct CacheArgs {
    CacheOperation operation;
    VSpaceCap vspace;
    arch::Position at;
    VAddr start;
    std::uint64_t size;
};

/// With at.entry null there is nothing to do.
Result<CacheArgs> decode_vspace_cache(const Invocation& invocation, VSpaceCap cap,
                                      CacheOperation operation) {
    if (invocation.length < 2) return Fail(SysError::truncated());
    const std::uint64_t start = invocation.mr(0);
    const std::uint64_t end = invocation.mr(1);
    if (end <= start) return Fail(SysError::invalid_argument(1));
    if (end > abi::user_top) return Fail(SysError::illegal_operation());
    if (!cap.assigned()) return Fail(SysError::invalid_capability(0));
    std::uint64_t* root = vspace_of(cap.asid());
    if (root == nullptr) return Fail(root_is_gone());
    if (root != cap.table()) return Fail(SysError::invalid_capability(0));
    CacheArgs args{operation, cap, arch::walk<KernelTables>(root, start), VAddr(start),
                   end - start};
    if (!arch::entry_valid(*args.at.entry)) {
        args.at.entry = nullptr;
        return args;
    }
    const std::uint64_t page_end = start | base::mask(args.at.bits);  // inclusive
    if (end - 1 > page_end) return Fail(SysError::range(start, page_end));
    if (operation == CacheOperation::invalidate && !arch::user_may_write(*args.at.entry))
        return Fail(SysError::illegal_operation());
    return args;
}

InvocationResult invoke_vspace_cache(const Invocation& invocation, VSpaceCap cap,
                                     CacheOperation operation) {
    const CacheArgs args = TRY(decode_vspace_cache(invocation, cap, operation));
    if (args.at.entry != nullptr)
        cache_maintain(args.operation, args.vspace, args.at, args.start, args.size);
    return Outcome::done;
}

// ---- PageTable (7.10.2) ------------------------------------------------------------------------

struct MapTableArgs {
    Slot& slot;
    PageTableCap table;
    arch::Position at;
    Asid asid;
    VAddr vaddr;
};

Result<MapTableArgs> decode_map_table(const Invocation& invocation, PageTableCap cap) {
    if (invocation.length < 2 || invocation.extra_count < 1) return Fail(SysError::truncated());
    if (cap.mapped()) return Fail(SysError::invalid_capability(0));
    const Cap target = invocation.extra[0]->cap;
    if (!target.is<VSpaceCap>() || !target.as<VSpaceCap>().assigned())
        return Fail(SysError::invalid_capability(1));
    const std::uint64_t vaddr = invocation.mr(0);
    if (vaddr > abi::user_top) return Fail(SysError::invalid_argument(0));
    if (!usable_vspace(target)) return Fail(vspace_error(target));
    const auto vspace = target.as<VSpaceCap>();
    const arch::Position at = arch::walk<KernelTables>(vspace.table(), vaddr);
    if (at.bits == arch::page_bits || arch::entry_valid(*at.entry))
        return Fail(SysError::delete_first());
    return MapTableArgs{invocation.slot, cap, at, vspace.asid(),
                        VAddr(base::align_down(vaddr, base::bit(at.bits)))};
}

Outcome map_table(const MapTableArgs& args) {
    auto cap = args.table;
    *args.at.entry = arch::table_entry(arch::physical_address(cap.table()));
    arch::publish_table_entry();
    cap.set_mapping(args.asid, args.vaddr);
    args.slot.cap = cap;
    return Outcome::done;
}

/// Takes the table out of its parent, if it is still there.
void unmap_table(PageTableCap cap) {
    std::uint64_t* root = vspace_of(cap.asid());
    if (root == nullptr) return;
    arch::Entry* entry = arch::find_table<KernelTables>(root, cap.vaddr().raw(),
                                                        arch::physical_address(cap.table()));
    if (entry == nullptr) return;
    *entry = 0;
    arch::tlb_invalidate_asid(cap.asid());
}

InvocationResult unmap_table(Invocation& invocation, PageTableCap cap) {
    if (!is_final(invocation.slot)) return Fail(SysError::revoke_first());
    if (!cap.mapped()) return Outcome::done;
    unmap_table(cap);
    arch::clear_memory(cap.table(), base::bit(abi::page_table_bits));
    cap.clear_mapping();
    invocation.slot.cap = cap;
    return Outcome::done;
}

}  // namespace

SysError vspace_error(Cap cap) {
    const bool assigned = cap.is<VSpaceCap>() && cap.as<VSpaceCap>().assigned();
    if (assigned && vspace_of(cap.as<VSpaceCap>().asid()) == nullptr) return root_is_gone();
    return SysError::invalid_capability(1);
}

void cache_maintain(CacheOperation operation, VSpaceCap vspace, arch::Position at, VAddr start,
                    std::uint64_t size) {
    const std::uint64_t offset = start.raw() & base::mask(at.bits);
    const PAddr page = arch::entry_address(*at.entry);
    if (arch::window_contains(page.raw())) {
        const auto alias = reinterpret_cast<std::uint64_t>(arch::kernel_pointer(page)) + offset;
        return maintain(operation, alias, alias + size);
    }
    // Device memory has no address of the kernel's; the user's is as good.
    const arch::AddressSpaceGuard guard(vspace);
    maintain(operation, start.raw(), start.raw() + size);
}

InvocationResult invoke_vspace(Invocation& invocation, VSpaceCap cap) {
    using enum abi::Invocation;
    if (invocation.label == vspace_clean_data)
        return invoke_vspace_cache(invocation, cap, CacheOperation::clean);
    if (invocation.label == vspace_invalidate_data)
        return invoke_vspace_cache(invocation, cap, CacheOperation::invalidate);
    if (invocation.label == vspace_clean_invalidate_data)
        return invoke_vspace_cache(invocation, cap, CacheOperation::clean_invalidate);
    if (invocation.label == vspace_unify_instruction)
        return invoke_vspace_cache(invocation, cap, CacheOperation::unify);
    return Fail(SysError::illegal_operation());
}

InvocationResult invoke_page_table(Invocation& invocation, PageTableCap cap) {
    using enum abi::Invocation;
    if (invocation.label == page_table_map)
        return map_table(TRY(decode_map_table(invocation, cap)));
    if (invocation.label == page_table_unmap) return unmap_table(invocation, cap);
    return Fail(SysError::illegal_operation());
}

void finalise_page_table(PageTableCap cap, Finality finality) {
    if (finality == Finality::final && cap.mapped()) unmap_table(cap);
}

void finalise_vspace(VSpaceCap cap, Finality finality) {
    if (finality != Finality::final || !usable_vspace(cap)) return;
    asid_pools[cap.asid() / asids_per_pool]->release(cap.asid());
}

}  // namespace numbat

// SPDX-License-Identifier: BSD-2-Clause
#include "object/vspace.hpp"

#include <algorithm>

#include "base/result.hpp"
#include "cap/derivation.hpp"
#include "cpu_state.hpp"
#include "object/asid.hpp"
#include "object/invoke.hpp"
#include "sched/scheduler.hpp"
#include "tlb.hpp"

namespace numbat {
namespace {

/// sel4-abi 7.10.5.
InvocationResult maintain_cache(const Invocation& invocation, VSpaceCap cap,
                                CacheOperation operation) {
    if (invocation.is_short(2, 0)) return fail::truncated();
    const std::uint64_t start = invocation.mr(0);
    const std::uint64_t end = invocation.mr(1);
    if (end <= start) return fail::invalid_argument(1);
    if (end > abi::user_top) return fail::illegal_operation();
    if (!cap.assigned()) return fail::invalid_capability(0);
    std::uint64_t* root = vspace_of(cap.asid());
    if (root == nullptr) return root_is_gone();
    if (root != cap.table()) return fail::invalid_capability(0);
    const arch::Position at = arch::walk<KernelTables>(root, start);
    if (!arch::entry_valid(*at.entry)) return Outcome::done;
    const std::uint64_t page_end = start | base::mask(at.bits);  // inclusive
    if (end - 1 > page_end) return fail::range(start, page_end);
    return cache_maintain(invocation.caller, operation, cap, at, VAddr(start), end - start);
}

/// sel4-abi 7.10.2.
InvocationResult map_table(const Invocation& invocation, PageTableCap cap) {
    if (invocation.is_short(2, 1)) return fail::truncated();
    if (cap.mapped()) return fail::invalid_capability(0);
    const Cap target = invocation.extra[0]->cap;
    if (!target.is<VSpaceCap>() || !target.as<VSpaceCap>().assigned())
        return fail::invalid_capability(1);
    const std::uint64_t vaddr = invocation.mr(0);
    if (vaddr > abi::user_top) return fail::invalid_argument(0);
    if (!usable_vspace(target)) return vspace_error(target);
    const auto vspace = target.as<VSpaceCap>();
    const arch::Position at = arch::walk<KernelTables>(vspace.table(), vaddr);
    if (at.bits == arch::page_bits || arch::entry_valid(*at.entry)) return fail::delete_first();
    // ---- from here on nothing can fail ----
    *at.entry = arch::table_entry(arch::physical_address(cap.table()));
    arch::publish_table_entry();
    cap.set_mapping(vspace.asid(), VAddr(base::align_down(vaddr, base::bit(at.bits))));
    invocation.slot.cap = cap;
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
    if (!is_final(invocation.slot)) return fail::revoke_first();
    if (!cap.mapped()) return Outcome::done;
    unmap_table(cap);
    arch::clear_memory(cap.table(), base::bit(abi::page_table_bits));
    cap.clear_mapping();
    invocation.slot.cap = cap;
    return Outcome::done;
}

}  // namespace

Fail vspace_error(Cap cap) {
    const bool assigned = cap.is<VSpaceCap>() && cap.as<VSpaceCap>().assigned();
    if (assigned && vspace_of(cap.as<VSpaceCap>().asid()) == nullptr) return root_is_gone();
    return fail::invalid_capability(1);
}

InvocationResult cache_maintain(Tcb& caller, CacheOperation operation, VSpaceCap vspace,
                                arch::Position at, VAddr start, std::uint64_t size) {
    if (operation == CacheOperation::invalidate && !arch::user_may_write(*at.entry))
        return fail::illegal_operation();
    const PAddr page = arch::entry_address(*at.entry);
    const std::uint64_t physical = page.raw() + (start.raw() & base::mask(at.bits));
    const std::uint64_t progress = caller.cache_progress - physical;
    std::uint64_t done = progress < size ? progress : 0;
    const auto work = [&](std::uint64_t address) {
        constexpr std::uint64_t step = 4096;
        while (done < size) {
            const std::uint64_t piece = std::min(step - (physical + done) % step, size - done);
            arch::cache_maintain(operation, address + done, address + done + piece);
            done += piece;
            // preemption point: the thread has done nothing else when it comes back; another
            // invocation or a new pc end this.
            if (done < size && preemption_requested()) {
                caller.cache_progress = physical + done;
                return Outcome::preempted;
            }
        }
        return Outcome::done;
    };
    if (arch::window_contains(page.raw()))
        return work(reinterpret_cast<std::uint64_t>(arch::kernel_pointer(PAddr(physical))));
    // Device memory has no address of the kernel's; the user's is as good.
    const arch::AddressSpaceGuard guard(vspace);
    return work(start.raw());
}

InvocationResult invoke_vspace(Invocation& invocation, VSpaceCap cap) {
    const auto operation = cache_operation(invocation.label, abi::Invocation::vspace_clean_data);
    if (operation) return maintain_cache(invocation, cap, *operation);
    return fail::illegal_operation();
}

InvocationResult invoke_page_table(Invocation& invocation, PageTableCap cap) {
    using enum abi::Invocation;
    if (invocation.label == page_table_map) return map_table(invocation, cap);
    if (invocation.label == page_table_unmap) return unmap_table(invocation, cap);
    return fail::illegal_operation();
}

void finalise_page_table(PageTableCap cap) {
    if (cap.mapped()) unmap_table(cap);
}

void finalise_vspace(VSpaceCap cap) {
    if (usable_vspace(cap)) asid_pools[cap.asid() / asids_per_pool]->release(cap.asid());
}

}  // namespace numbat

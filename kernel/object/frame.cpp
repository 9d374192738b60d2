// SPDX-License-Identifier: BSD-2-Clause
// Frames: mapping, unmapping and cache operations of pages (sel4-abi 7.10.3 and 7.10.4), and what
// Retype makes of untyped memory for the architecture.
#include "arch/contract.hpp"
#include "base/result.hpp"
#include "object/asid.hpp"
#include "object/invoke.hpp"
#include "object/vspace.hpp"
#include "page_table.hpp"
#include "tlb.hpp"

namespace numbat {
namespace {

/// What the capability's rights leave of the rights word.
FrameRights reduced(FrameRights rights, abi::CapRights to) {
    if (rights == FrameRights::none || !to.read()) return FrameRights::none;
    return to.write() ? rights : FrameRights::read_only;
}

bool may_be_at(FrameCap frame, Asid asid, std::uint64_t vaddr, std::uint64_t size) {
    if (!base::aligned(vaddr, size) || vaddr > abi::user_top - (size - 1)) return false;
    return !frame.mapped() || (frame.asid() == asid && frame.vaddr().raw() == vaddr);
}

/// Why may_be_at() said no.
[[gnu::cold, gnu::noinline]] Fail address_error(FrameCap frame, Asid asid, std::uint64_t vaddr) {
    if (!base::aligned(vaddr, base::bit(frame.size_bits()))) return fail::alignment();
    if (frame.mapped() && frame.asid() != asid) return fail::invalid_capability(1);
    return fail::invalid_argument(0);
}

/// Decode and commit are one function here: this is the path of every page fault, and a struct of
/// arguments between them would cost as much as the checks. Nothing is written before the line.
InvocationResult map(Invocation& invocation, FrameCap frame) {
    if (invocation.is_short(3, 1)) return fail::truncated();
    const Cap target = invocation.extra[0]->cap;
    if (!usable_vspace(target)) [[unlikely]]
        return vspace_error(target);
    const auto vspace = target.as<VSpaceCap>();
    const std::uint64_t vaddr = invocation.mr(0);
    const unsigned size_bits = frame.size_bits();
    if (!may_be_at(frame, vspace.asid(), vaddr, base::bit(size_bits))) [[unlikely]]
        return address_error(frame, vspace.asid(), vaddr);
    const arch::Position at = arch::walk<KernelTables>(vspace.table(), vaddr);
    if (at.bits != size_bits) [[unlikely]]
        return fail::failed_lookup(LookupSide::destination,
                                   LookupFailure::missing_capability(at.bits));
    const FrameRights rights = reduced(frame.rights(), {invocation.mr(1)});
    const arch::Entry entry =
        arch::user_page_entry(frame.paddr(), size_bits, rights, invocation.mr(2));
    // ---- from here on nothing can fail ----
    if (arch::entry_valid(*at.entry)) {
        // Break before make: the walker must never see the old page and the new one at once.
        *at.entry = 0;
        arch::tlb_invalidate_page(vspace.asid(), vaddr);
    }
    *at.entry = entry;
    arch::publish_table_entry();
    frame.set_mapping(vspace.asid(), VAddr(vaddr));
    invocation.slot.cap = frame;
    return Outcome::done;
}

/// The entry that still maps the frame where its capability says; null if none does.
arch::Entry* mapping_of(FrameCap frame, std::uint64_t* root) {
    return arch::find_page<KernelTables>(root, frame.vaddr().raw(), frame.size_bits(),
                                         frame.paddr());
}

void unmap_page(FrameCap frame) {
    std::uint64_t* root = vspace_of(frame.asid());
    if (root == nullptr) return;
    arch::Entry* entry = mapping_of(frame, root);
    if (entry == nullptr) return;
    *entry = 0;
    arch::tlb_invalidate_page(frame.asid(), frame.vaddr().raw());
}

Outcome unmap(Slot& slot, FrameCap frame) {
    if (frame.mapped()) {
        unmap_page(frame);
        frame.clear_mapping();
        slot.cap = frame;
    }
    return Outcome::done;
}

/// sel4-abi 7.10.4.
InvocationResult maintain_cache(const Invocation& invocation, FrameCap frame,
                                CacheOperation operation) {
    if (invocation.is_short(2, 0)) return fail::truncated();
    if (!frame.mapped()) return fail::illegal_operation();
    std::uint64_t* root = vspace_of(frame.asid());
    if (root == nullptr) return root_is_gone();
    const std::uint64_t start = invocation.mr(0);
    const std::uint64_t end = invocation.mr(1);
    const std::uint64_t size = base::bit(frame.size_bits());
    if (end <= start) return fail::invalid_argument(1);
    if (start >= size || end > size) return fail::invalid_argument(0);
    arch::Entry* entry = mapping_of(frame, root);
    if (entry == nullptr) return fail::invalid_capability(0);
    return cache_maintain(invocation.caller, operation, VSpaceCap::make(root, frame.asid()),
                          {entry, frame.size_bits()}, frame.vaddr() + start, end - start);
}

}  // namespace

InvocationResult invoke_frame(Invocation& invocation, FrameCap cap) {
    using enum abi::Invocation;
    if (invocation.label == page_map) return map(invocation, cap);
    if (invocation.label == page_unmap) return unmap(invocation.slot, cap);
    if (invocation.label == page_get_address) {
        invocation.result(0, cap.paddr().raw());
        return Outcome::done;
    }
    const auto operation = cache_operation(invocation.label, page_clean_data);
    if (operation) return maintain_cache(invocation, cap, *operation);
    return fail::illegal_operation();
}

void finalise_frame(FrameCap cap) {
    if (cap.mapped()) unmap_page(cap);
}

Cap create_arch_object(abi::ObjectType type, PAddr address, bool device) {
    using enum abi::ObjectType;
    const auto frame = [&](FrameSize size) {
        return FrameCap::make(address, size, FrameRights::read_write, device);
    };
    // Whatever clears memory also cleans it to the point of coherency (arch::clear_memory), and
    // memory is cleared before it becomes an object: nothing more is owed here.
    if (type == small_page) return frame(FrameSize::small);
    if (type == large_page) return frame(FrameSize::large);
    if (type == huge_page) return frame(FrameSize::huge);
    if (type == page_table) return PageTableCap::make(arch::kernel_pointer(address));
    ASSERT(type == vspace);
    return VSpaceCap::make(arch::kernel_pointer(address));
}

}  // namespace numbat

// SPDX-License-Identifier: BSD-2-Clause
// Frames: mapping, unmapping and cache operations of pages (sel4-abi 7.10.3 and 7.10.4), and what
// Retype makes of untyped memory for the architecture.
#include "arch/contract.hpp"
#include "base/result.hpp"
#include "object/asid.hpp"
#include "object/vspace.hpp"
#include "page_table.hpp"
#include "tlb.hpp"

namespace numbat {
namespace {

// ---- Map ---------------------------------------------------------------------------------------

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
[[gnu::cold, gnu::noinline]] SysError address_error(FrameCap frame, Asid asid,
                                                    std::uint64_t vaddr) {
    if (!base::aligned(vaddr, base::bit(frame.size_bits()))) return SysError::alignment();
    if (frame.mapped() && frame.asid() != asid) return SysError::invalid_capability(1);
    return SysError::invalid_argument(0);
}

/// Decode and commit are one function here: this is the path of every page fault, and a struct of
/// arguments between them would cost as much as the checks. Nothing is written before the line.
InvocationResult map(Invocation& invocation, FrameCap frame) {
    if (invocation.length < 3 || invocation.extra_count < 1) return Fail(SysError::truncated());
    const Cap target = invocation.extra[0]->cap;
    if (!usable_vspace(target)) [[unlikely]]
        return Fail(vspace_error(target));
    const auto vspace = target.as<VSpaceCap>();
    const std::uint64_t vaddr = invocation.mr(0);
    const unsigned size_bits = frame.size_bits();
    if (!may_be_at(frame, vspace.asid(), vaddr, base::bit(size_bits))) [[unlikely]]
        return Fail(address_error(frame, vspace.asid(), vaddr));
    const arch::Position at = arch::walk<KernelTables>(vspace.table(), vaddr);
    if (at.bits != size_bits) [[unlikely]]
        return Fail(SysError::failed_lookup(LookupSide::destination,
                                            LookupFailure::missing_capability(at.bits)));
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

// ---- Unmap -------------------------------------------------------------------------------------

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

// ---- Cache operations --------------------------------------------------------------------------

struct CacheArgs {
    CacheOperation operation;
    VSpaceCap vspace;
    arch::Position at;
    VAddr start;
    std::uint64_t size;
};

Result<CacheArgs> decode_cache(const Invocation& invocation, FrameCap frame,
                               CacheOperation operation) {
    if (invocation.length < 2) return Fail(SysError::truncated());
    if (!frame.mapped()) return Fail(SysError::illegal_operation());
    std::uint64_t* root = vspace_of(frame.asid());
    if (root == nullptr) return Fail(root_is_gone());
    const std::uint64_t start = invocation.mr(0);
    const std::uint64_t end = invocation.mr(1);
    const std::uint64_t size = base::bit(frame.size_bits());
    if (end <= start) return Fail(SysError::invalid_argument(1));
    if (start >= size || end > size) return Fail(SysError::invalid_argument(0));
    arch::Entry* entry = mapping_of(frame, root);
    if (entry == nullptr) return Fail(SysError::invalid_capability(0));
    if (operation == CacheOperation::invalidate && !arch::user_may_write(*entry))
        return Fail(SysError::illegal_operation());
    return CacheArgs{operation,
                     VSpaceCap::make(root, frame.asid()),
                     {entry, frame.size_bits()},
                     frame.vaddr() + start,
                     end - start};
}

InvocationResult invoke_cache(const Invocation& invocation, FrameCap frame,
                              CacheOperation operation) {
    const CacheArgs args = TRY(decode_cache(invocation, frame, operation));
    cache_maintain(args.operation, args.vspace, args.at, args.start, args.size);
    return Outcome::done;
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
    if (operation) return invoke_cache(invocation, cap, *operation);
    return Fail(SysError::illegal_operation());
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

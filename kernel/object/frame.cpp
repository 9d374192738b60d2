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

struct MapArgs {
    Slot& slot;
    FrameCap frame;
    arch::Entry* entry;
    arch::Entry value;
    Asid asid;
    VAddr vaddr;
};

/// The rights of the capability, reduced to those in the rights word.
FrameRights reduced(FrameRights rights, abi::CapRights to) {
    if (rights == FrameRights::none || !to.read()) return FrameRights::none;
    return to.write() ? rights : FrameRights::read_only;
}

Result<void> check_address(FrameCap frame, Asid asid, std::uint64_t vaddr) {
    const std::uint64_t size = base::bit(frame.size_bits());
    if (!base::aligned(vaddr, size)) return Fail(SysError::alignment());
    if (frame.mapped()) {
        if (frame.asid() != asid) return Fail(SysError::invalid_capability(1));
        if (frame.vaddr().raw() != vaddr) return Fail(SysError::invalid_argument(0));
        return {};
    }
    if (vaddr > abi::user_top - (size - 1)) return Fail(SysError::invalid_argument(0));
    return {};
}

Result<MapArgs> decode_map(const Invocation& invocation, FrameCap frame) {
    if (invocation.length < 3 || invocation.extra_count < 1) return Fail(SysError::truncated());
    const VSpaceCap vspace = TRY(decode_target_vspace(invocation.extra[0]->cap));
    const std::uint64_t vaddr = invocation.mr(0);
    TRY(check_address(frame, vspace.asid(), vaddr));
    const arch::Position at = arch::walk<KernelTables>(vspace.table(), vaddr);
    if (at.bits != frame.size_bits())
        return Fail(SysError::failed_lookup(LookupSide::destination,
                                            LookupFailure::missing_capability(at.bits)));
    const FrameRights rights = reduced(frame.rights(), {invocation.mr(1)});
    return MapArgs{
        invocation.slot, frame,
        at.entry,        arch::user_page_entry(frame.paddr(), at.bits, rights, invocation.mr(2)),
        vspace.asid(),   VAddr(vaddr)};
}

Outcome map(const MapArgs& args) {
    if (arch::entry_valid(*args.entry)) {
        // Break before make: the walker must never see the old page and the new one at once.
        *args.entry = 0;
        arch::tlb_invalidate_page(args.asid, args.vaddr.raw());
    }
    *args.entry = args.value;
    arch::publish_table_entry();
    FrameCap frame = args.frame;
    frame.set_mapping(args.asid, args.vaddr);
    args.slot.cap = frame;
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
    if (root == nullptr)
        return Fail(
            SysError::failed_lookup(LookupSide::destination, LookupFailure::invalid_root()));
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
    if (invocation.label == page_map) return map(TRY(decode_map(invocation, cap)));
    if (invocation.label == page_unmap) return unmap(invocation.slot, cap);
    if (invocation.label == page_get_address) {
        invocation.result(0, cap.paddr().raw());
        return Outcome::done;
    }
    if (invocation.label == page_clean_data)
        return invoke_cache(invocation, cap, CacheOperation::clean);
    if (invocation.label == page_invalidate_data)
        return invoke_cache(invocation, cap, CacheOperation::invalidate);
    if (invocation.label == page_clean_invalidate_data)
        return invoke_cache(invocation, cap, CacheOperation::clean_invalidate);
    if (invocation.label == page_unify_instruction)
        return invoke_cache(invocation, cap, CacheOperation::unify);
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

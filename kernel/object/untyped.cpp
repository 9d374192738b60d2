// SPDX-License-Identifier: BSD-2-Clause
// Untyped memory: Retype hands it out from a watermark upwards, and zeroes it when the last child
// is gone and it is used again (sel4-abi 4.7, 7.3). So memory above the watermark of a non-device
// untyped is always zero.
#include <algorithm>

#include "abi/object_type.hpp"
#include "cap/derivation.hpp"
#include "cap/lookup.hpp"
#include "object/endpoint.hpp"
#include "object/invoke.hpp"
#include "object/notification.hpp"
#include "object/reply.hpp"
#include "object/sched_context.hpp"
#include "object/tcb_ops.hpp"
#include "sched/scheduler.hpp"

namespace numbat {

namespace {

using abi::ObjectType;

struct RetypeArgs {
    ObjectType type;
    unsigned size_bits;    // the argument
    unsigned object_bits;  // log2 of an object's bytes
    Slot* first;
    std::uint64_t count;
    std::uint64_t start;  // offset of the first object
    bool must_reset;
    bool hand_on;  // all of it becomes untypeds, which then have the clearing still to do
};

bool is_page(ObjectType type) {
    return type == ObjectType::small_page || type == ObjectType::large_page ||
           type == ObjectType::huge_page;
}

Result<void> check_size(ObjectType type, std::uint64_t size_bits) {
    if (size_bits >= abi::word_bits ||
        abi::object_size_bits(type, static_cast<unsigned>(size_bits)) > abi::max_untyped_bits) {
        return fail::range(0, abi::max_untyped_bits);
    }
    const bool too_small =
        (type == ObjectType::cnode && size_bits == 0) ||
        (type == ObjectType::untyped && size_bits < abi::min_untyped_bits) ||
        (type == ObjectType::sched_context && size_bits < abi::min_sched_context_bits);
    if (too_small) return fail::invalid_argument(1);
    return {};
}

/// The CNode that receives the objects.
Result<CNodeCap> decode_node(const Invocation& invocation) {
    Cap node = invocation.extra[0]->cap;
    const std::uint64_t depth = invocation.mr(3);
    if (depth != 0) {
        const Slot* slot =
            TRY(find_target_slot(node, invocation.mr(2), depth, LookupSide::destination));
        node = slot->cap;
    }
    if (!node.is<CNodeCap>()) {
        return fail::failed_lookup(LookupSide::destination,
                                   LookupFailure::missing_capability(depth));
    }
    return node.as<CNodeCap>();
}

Result<Slot*> decode_window(CNodeCap node, std::uint64_t offset, std::uint64_t count) {
    const std::uint64_t slots = node.slot_count();
    if (offset >= slots) return fail::range(0, slots - 1);
    if (count < 1 || count > abi::max_retype_objects) {
        return fail::range(1, abi::max_retype_objects);
    }
    if (count > slots - offset) return fail::range(1, slots - offset);
    Slot* first = node.slots() + offset;
    for (std::uint64_t i = 0; i < count; ++i) {
        if (!first[i].empty()) return fail::delete_first();
    }
    return first;
}

Result<void> decode(const Invocation& invocation, UntypedCap cap, RetypeArgs& args) {
    if (invocation.is_short(6, 1)) return fail::truncated();
    if (invocation.mr(0) >= abi::object_type_count) return fail::invalid_argument(0);
    args.type = static_cast<ObjectType>(invocation.mr(0));
    TRY(check_size(args.type, invocation.mr(1)));
    args.size_bits = static_cast<unsigned>(invocation.mr(1));
    args.object_bits = abi::object_size_bits(args.type, args.size_bits);
    const CNodeCap node = TRY(decode_node(invocation));
    args.count = invocation.mr(5);
    args.first = TRY(decode_window(node, invocation.mr(4), args.count));
    const bool unused = !has_children(invocation.slot);
    const std::uint64_t offset = unused ? 0 : cap.free_offset();
    const std::uint64_t free_bytes = cap.size() - offset;
    if ((free_bytes >> args.object_bits) < args.count) return fail::not_enough_memory(free_bytes);
    if (cap.device() && !is_page(args.type) && args.type != ObjectType::untyped) {
        return fail::invalid_argument(1);
    }
    args.start = base::align_up(offset, base::bit(args.object_bits));
    const bool dirty = unused && cap.free_offset() != 0;
    // Cutting a big untyped takes no time this way, and memory that is never used is never touched.
    args.hand_on = dirty && !cap.device() && args.type == ObjectType::untyped &&
                   args.count << args.object_bits == cap.size();
    args.must_reset = dirty && !args.hand_on;
    return {};
}

/// Zeroes what was handed out, from the top down, so that the watermark tells what remains.
Outcome reset(Slot& slot) {
    constexpr std::uint64_t step = 4096;
    auto cap = slot.cap.as<UntypedCap>();
    if (cap.device()) {
        cap.set_free_offset(0);
        slot.cap = cap;
        return Outcome::done;
    }
    std::uint64_t offset = cap.free_offset();
    while (offset != 0) {
        const std::uint64_t next = base::align_down(offset - 1, step);
        arch::clear_memory(arch::kernel_pointer(cap.paddr() + next), offset - next);
        offset = next;
        cap.set_free_offset(offset);
        slot.cap = cap;
        // preemption point: all above the watermark is zero, so Retype can go on from here.
        if (offset != 0 && preemption_requested()) return Outcome::preempted;
    }
    return Outcome::done;
}

template <typename Object>
Object& object_at(PAddr address) {
    return *static_cast<Object*>(arch::kernel_pointer(address));
}

Cap create_object(const RetypeArgs& args, PAddr address, bool device) {
    switch (args.type) {
        case ObjectType::untyped:
            // As if all of it had been handed out before: reset() clears it at its first Retype.
            return UntypedCap::make(address, args.size_bits, device,
                                    args.hand_on ? base::bit(args.size_bits) : 0);
        case ObjectType::tcb: {
            Tcb& thread = object_at<Tcb>(address);
            init_tcb(thread);
            return TcbCap::make(thread);
        }
        case ObjectType::endpoint:
            return EndpointCap::make(object_at<Endpoint>(address), 0, abi::rights::all);
        case ObjectType::notification:
            return NotificationCap::make(object_at<Notification>(address), 0,
                                         abi::rights::read_write);
        case ObjectType::cnode:
            return CNodeCap::make(&object_at<Slot>(address), args.size_bits);
        case ObjectType::sched_context:
            return SchedContextCap::make(object_at<SchedContext>(address), args.size_bits);
        case ObjectType::reply:
            return ReplyCap::make(object_at<Reply>(address), abi::rights::all);
        default:
            return create_arch_object(args.type, address, device);
    }
}

}  // namespace

InvocationResult invoke_untyped(Invocation& invocation, UntypedCap cap) {
    if (invocation.label != abi::Invocation::untyped_retype) return fail::illegal_operation();
    RetypeArgs args;
    TRY(decode(invocation, cap, args));
    Slot& slot = invocation.slot;
    if (args.must_reset && reset(slot) == Outcome::preempted) return Outcome::preempted;
    cap = slot.cap.as<UntypedCap>();
    cap.set_free_offset(args.start + (args.count << args.object_bits));
    slot.cap = cap;
    PAddr address = cap.paddr() + args.start;
    for (std::uint64_t i = 0; i < args.count; ++i) {
        insert_child(args.first[i], create_object(args, address, cap.device()), slot,
                     DerivationFlags::original);
        address = address + base::bit(args.object_bits);
    }
    return Outcome::done;
}

}  // namespace numbat

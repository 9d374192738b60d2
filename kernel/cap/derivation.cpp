// SPDX-License-Identifier: BSD-2-Clause
#include "cap/derivation.hpp"

#include "arch/contract.hpp"

namespace numbat {

namespace {

// Kind and address of a capability: rights and the like aside, the object that it names.
constexpr std::uint64_t identity = Cap::Tag::in_place | Cap::Address::in_place;

bool contains(MemoryRange a, MemoryRange b) {
    return b.size != 0 && b.start >= a.start && b.size <= a.size &&
           b.start - a.start <= a.size - b.size;
}

/// log2 of the bytes of the capability's object; 0 if it has no memory of its own.
unsigned object_bits(Cap cap) {
    switch (cap.tag()) {
        case CapTag::untyped:
            return cap.as<UntypedCap>().size_bits();
        case CapTag::frame:
            return cap.as<FrameCap>().size_bits();
        case CapTag::endpoint:
            return abi::endpoint_bits;
        case CapTag::notification:
            return abi::notification_bits;
        case CapTag::reply:
            return abi::reply_bits;
        case CapTag::cnode:
            return cap.as<CNodeCap>().radix() + abi::slot_bits;
        case CapTag::tcb:
            return abi::tcb_bits;
        case CapTag::sched_context:
            return cap.as<SchedContextCap>().size_bits();
        case CapTag::page_table:
        case CapTag::vspace:
            return abi::page_table_bits;
        case CapTag::asid_pool:
            return abi::asid_pool_bits;
        case CapTag::zombie: {
            const unsigned radix = cap.as<ZombieCap>().radix();
            return radix == ZombieCap::tcb_radix ? abi::slot_bits : radix + abi::slot_bits;
        }
        default:
            return 0;
    }
}

/// Copies of which capabilities can be parents themselves?
bool copy_is_revocable(Cap copy, Cap source) {
    if (copy.is<EndpointCap>() || copy.is<NotificationCap>()) return copy.word1 != source.word1;
    return copy.is<UntypedCap>();
}

}  // namespace

MemoryRange memory_of(Cap cap) {
    const unsigned bits = object_bits(cap);
    if (bits == 0) return {0, 0};
    if (cap.is<UntypedCap>() || cap.is<FrameCap>()) {
        return {Cap::Address::get(cap.word0), base::bit(bits)};
    }
    return {cap.address() - arch::window_base(), base::bit(bits)};
}

bool in_region(Cap a, Cap b) {
    if (a.is<UntypedCap>()) {
        const auto untyped = a.as<UntypedCap>();
        return contains({untyped.paddr().raw(), untyped.size()}, memory_of(b));
    }
    if (a.is<FrameCap>()) return b.is<FrameCap>() && contains(memory_of(a), memory_of(b));
    if (a.is<IrqControlCap>() && (b.is<IrqHandlerCap>() || b.is<SgiSignalCap>())) return true;
    return same_object(a, b);
}

bool same_object(Cap a, Cap b) {
    if (((a.word0 ^ b.word0) & identity) != 0) [[likely]]
        return false;
    switch (a.tag()) {
        case CapTag::untyped:  // children of the same range are not the same object
        case CapTag::null:
        case CapTag::zombie:
            return false;
        case CapTag::frame:
            return a.as<FrameCap>().size() == b.as<FrameCap>().size();
        case CapTag::cnode:
            return a.as<CNodeCap>().radix() == b.as<CNodeCap>().radix();
        case CapTag::irq_handler:
        case CapTag::sgi_signal:
            return a.word1 == b.word1;
        default:
            return true;
    }
}

[[gnu::flatten]] bool is_child(const Slot& parent, const Slot& child) {
    if (!parent.revocable() || !in_region(parent.cap, child.cap)) return false;
    if (!parent.cap.is<EndpointCap>() && !parent.cap.is<NotificationCap>()) return true;
    const std::uint64_t badge = parent.cap.word1;
    return badge == 0 || (badge == child.cap.word1 && !child.first_badged());
}

Result<void> ensure_no_children(const Slot& slot) {
    if (has_children(slot)) return fail::revoke_first();
    return {};
}

bool is_final(const Slot& slot) {
    const Slot* previous = slot.previous();
    if (previous != nullptr && same_object(previous->cap, slot.cap)) return false;
    const Slot* next = slot.next();
    return next == nullptr || !same_object(slot.cap, next->cap);
}

void insert_initial_cap(Slot& slot, Cap cap) {
    ASSERT(slot.empty());
    slot.cap = cap;
    slot.set_links(nullptr, nullptr, DerivationFlags::original);
}

void insert_child(Slot& slot, Cap cap, Slot& parent, DerivationFlags flags) {
    ASSERT(slot.empty() && !cap.is_null());
    Slot* next = parent.next();
    slot.cap = cap;
    slot.set_links(&parent, next, flags);
    if (next != nullptr) next->set_previous(&slot);
    parent.set_next(&slot);
}

void insert_copy(Slot& slot, Cap cap, Slot& source) {
    const DerivationFlags flags =
        copy_is_revocable(cap, source.cap) ? DerivationFlags::original : DerivationFlags::none;
    if (cap.is<UntypedCap>()) {
        auto full = source.cap.as<UntypedCap>();
        full.set_free_offset(full.size());
        source.cap = full;
    }
    insert_child(slot, cap, source, flags);
}

void move_slot(Slot& destination, Cap cap, Slot& source) {
    ASSERT(destination.empty());
    Slot* previous = source.previous();
    Slot* next = source.next();
    destination.cap = cap;
    destination.set_links(previous, next, source.flags());
    if (previous != nullptr) previous->set_next(&destination);
    if (next != nullptr) next->set_previous(&destination);
    source.clear();
}

void swap_slots(Slot& a, Cap cap_for_b, Slot& b, Cap cap_for_a) {
    if (&a == &b) return;
    Slot between{};
    if (!a.empty()) move_slot(between, cap_for_b, a);
    if (!b.empty()) move_slot(a, cap_for_a, b);
    if (!between.empty()) move_slot(b, cap_for_b, between);
}

void unlink_slot(Slot& slot) {
    Slot* previous = slot.previous();
    Slot* next = slot.next();
    if (previous != nullptr) previous->set_next(next);
    if (next != nullptr) {
        next->set_previous(previous);
        // Copies of a mint whose original goes must not become children of its neighbour.
        if (slot.first_badged()) {
            next->set_links(previous, next->next(),
                            static_cast<DerivationFlags>(
                                static_cast<std::uint64_t>(next->flags()) |
                                static_cast<std::uint64_t>(DerivationFlags::first_badged)));
        }
    }
    slot.clear();
}

Result<Cap> derive(const Slot& source, Cap cap) {
    switch (cap.tag()) {
        case CapTag::null:
        case CapTag::zombie:
        case CapTag::irq_control:
            return Cap{};
        case CapTag::untyped:
            TRY(ensure_no_children(source));
            return cap;
        case CapTag::vspace:
            if (!cap.as<VSpaceCap>().assigned()) return fail::illegal_operation();
            return cap;
        case CapTag::page_table:
            if (!cap.as<PageTableCap>().mapped()) return fail::illegal_operation();
            return cap;
        case CapTag::frame: {
            auto frame = cap.as<FrameCap>();
            frame.clear_mapping();
            return Cap(frame);
        }
        default:
            return cap;
    }
}

Cap mask_rights(Cap cap, abi::CapRights rights) {
    switch (cap.tag()) {
        case CapTag::endpoint:
        case CapTag::notification:
        case CapTag::reply:
            cap.word0 &= ~RightsCap::Rights::in_place | RightsCap::Rights::make(rights.word);
            return cap;
        case CapTag::frame: {
            auto frame = cap.as<FrameCap>();
            if (!rights.read()) {
                frame.set_rights(FrameRights::none);
            } else if (!rights.write() && frame.rights() == FrameRights::read_write) {
                frame.set_rights(FrameRights::read_only);
            }
            return frame;
        }
        default:
            return cap;
    }
}

Cap apply_data(Cap cap, std::uint64_t data, DataMode mode) {
    switch (cap.tag()) {
        case CapTag::endpoint:
        case CapTag::notification:
            if (mode == DataMode::preserve || cap.word1 != 0) return Cap{};
            cap.word1 = data;
            return cap;
        case CapTag::cnode: {
            const auto node = cap.as<CNodeCap>();
            const auto guard_size = static_cast<unsigned>(data & 63);
            if (guard_size + node.radix() > abi::word_bits) return Cap{};
            const std::uint64_t guard = (data >> 6) & (base::bit(guard_size) - 1);
            return CNodeCap::make(node.slots(), node.radix(), guard, guard_size);
        }
        default:
            return cap;
    }
}

}  // namespace numbat

// SPDX-License-Identifier: BSD-2-Clause
#include "cap/delete.hpp"

#include "arch/contract.hpp"
#include "cap/derivation.hpp"
#include "object/endpoint.hpp"
#include "object/invoke.hpp"
#include "object/notification.hpp"
#include "object/reply.hpp"
#include "object/sched_context.hpp"
#include "object/tcb_ops.hpp"
#include "sched/scheduler.hpp"

namespace numbat {

namespace {

/// Slots that hold the zombies of pending containers, linked through their capabilities.
constinit Slot* pending_containers = nullptr;

bool is_container(Cap cap) {
    return cap.is<CNodeCap>() || cap.is<TcbCap>();
}

std::uint64_t zombie_size(ZombieCap zombie) {
    return zombie.radix() == ZombieCap::tcb_radix ? tcb_slot_count : base::bit(zombie.radix());
}

bool lies_in_own_container(const Slot& slot) {
    const auto zombie = slot.cap.as<ZombieCap>();
    return &slot >= zombie.slots() && &slot < zombie.slots() + zombie_size(zombie);
}

std::uint64_t slot_number(const Slot* slot) {
    return slot == nullptr ? 0 : arch::physical_address(slot).raw() >> abi::slot_bits;
}

void push_pending(Slot& slot) {
    auto zombie = slot.cap.as<ZombieCap>();
    ASSERT(!zombie.pending() && lies_in_own_container(slot));
    zombie.set_pending(true);
    zombie.set_next_pending(slot_number(pending_containers));
    slot.cap = zombie;
    pending_containers = &slot;
}

void pop_pending() {
    const std::uint64_t next = pending_containers->cap.as<ZombieCap>().next_pending();
    unlink_slot(*pending_containers);
    pending_containers =
        next == 0 ? nullptr
                  : static_cast<Slot*>(arch::kernel_pointer(PAddr(next << abi::slot_bits)));
}

/// What the end of this capability does to an object that holds no slots.
void finalise_simple(Cap cap, bool final) {
    if (cap.is<FrameCap>()) return finalise_frame(cap.as<FrameCap>());
    if (!final) return;
    switch (cap.tag()) {
        case CapTag::page_table:
            return finalise_page_table(cap.as<PageTableCap>());
        case CapTag::vspace:
            return finalise_vspace(cap.as<VSpaceCap>());
        case CapTag::asid_pool:
            return finalise_asid_pool(cap.as<AsidPoolCap>());
        case CapTag::notification:
            return finalise_notification(cap.as<NotificationCap>().object());
        case CapTag::reply:
            return finalise_reply(cap.as<ReplyCap>().object());
        case CapTag::sched_context:
            return finalise_sched_context(cap.as<SchedContextCap>().object());
        case CapTag::irq_handler:
            return finalise_irq_handler(cap.as<IrqHandlerCap>().irq());
        default:  // nothing but the capability
            return;
    }
}

/// The last capability to an object on which much may hang: gives up a piece of that. True when
/// nothing is left of it.
bool give_up_piece(Cap cap) {
    if (cap.is<EndpointCap>()) return cancel_waiters(cap.as<EndpointCap>().object());
    if (cap.is<NotificationCap>()) return cancel_waiters(cap.as<NotificationCap>().object());
    return !cap.is<AsidPoolCap>() || release_asids(cap.as<AsidPoolCap>());
}

/// Empties a slot without container, or comes a step closer to that: then false.
bool remove_simple(Slot& slot) {
    const bool final = is_final(slot);
    if (final && !give_up_piece(slot.cap)) return false;
    finalise_simple(slot.cap, final);
    unlink_slot(slot);
    return true;
}

/// The last capability to a container: the object ends, the slots remain to be emptied.
void turn_into_zombie(Slot& slot) {
    if (slot.cap.is<TcbCap>()) {
        Tcb& thread = slot.cap.as<TcbCap>().object();
        finalise_tcb(thread);
        slot.cap = ZombieCap::make(thread.slots, ZombieCap::tcb_radix, tcb_slot_count);
    } else {
        const auto node = slot.cap.as<CNodeCap>();
        slot.cap = ZombieCap::make(node.slots(), node.radix(), node.slot_count());
    }
}

/// The slot inside a dying container holds the zombie of another one: make that one pending.
void detach_nested(Slot& slot) {
    const auto nested = slot.cap.as<ZombieCap>();
    ASSERT(!nested.pending());
    Slot& last = nested.slots()[zombie_size(nested) - 1];
    swap_slots(slot, slot.cap, last, last.cap);
    push_pending(last);
    // In a cycle, what came out of there is the zombie of the very container that `slot` is in.
    if (slot.cap.is<ZombieCap>() && lies_in_own_container(slot)) push_pending(slot);
}

/// One step on the container of the zombie in `slot`, which has slots left.
void reduce(Slot& slot) {
    auto zombie = slot.cap.as<ZombieCap>();
    const std::uint64_t index = zombie.remaining() - 1;
    Slot& last = zombie.slots()[index];
    if (&last != &slot && !last.empty()) {
        if (last.cap.is<ZombieCap>()) return detach_nested(last);
        if (is_container(last.cap) && is_final(last)) return turn_into_zombie(last);
        if (!remove_simple(last)) return;
    }
    zombie = slot.cap.as<ZombieCap>();
    zombie.set_remaining(index);
    slot.cap = zombie;
}

void work_off_pending() {
    if (pending_containers->cap.as<ZombieCap>().remaining() == 0) {
        pop_pending();
    } else {
        reduce(*pending_containers);
    }
}

/// One step towards an empty slot.
void delete_step(Slot& slot) {
    if (!slot.cap.is<ZombieCap>()) {
        if (!is_container(slot.cap) || !is_final(slot)) {
            remove_simple(slot);
            return;
        }
        turn_into_zombie(slot);
        if (lies_in_own_container(slot)) push_pending(slot);
        return;
    }
    const auto zombie = slot.cap.as<ZombieCap>();
    if (zombie.pending()) return work_off_pending();
    if (zombie.remaining() != 0) return reduce(slot);
    if (pending_containers != nullptr) return work_off_pending();
    unlink_slot(slot);
}

}  // namespace

Outcome delete_slot(Slot& slot) {
    // In a cycle the slot may become empty before the containers that hung on it are; and an empty
    // slot may be what such a deletion left when it was stopped.
    const bool all = slot.empty() || is_container(slot.cap) || slot.cap.is<ZombieCap>();
    const auto unfinished = [&] { return !slot.empty() || (all && pending_containers != nullptr); };
    while (unfinished()) {
        if (slot.empty()) {
            work_off_pending();
        } else {
            delete_step(slot);
        }
        // preemption point: the slot is empty, or holds a zombie that knows what remains.
        if (unfinished() && preemption_requested()) return Outcome::preempted;
    }
    return Outcome::done;
}

Outcome revoke_slot(Slot& slot) {
    for (;;) {
        Slot* child = slot.next();
        if (!slot.empty() && child != nullptr && is_child(slot, *child)) {
            delete_step(*child);
        } else if (pending_containers != nullptr) {
            // Containers that are no descendants themselves, but were reached only through some.
            work_off_pending();
        } else {
            return Outcome::done;
        }
        // preemption point: the children deleted so far are gone, the others untouched.
        if (preemption_requested()) return Outcome::preempted;
    }
}

void delete_internal_slot(Slot& slot) {
    if (slot.empty()) return;
    ASSERT(!long_running_delete(slot));
    while (!remove_simple(slot)) {
    }
}

bool long_running_delete(const Slot& slot) {
    if (slot.cap.is<ZombieCap>()) return true;
    return is_container(slot.cap) && is_final(slot);
}

}  // namespace numbat

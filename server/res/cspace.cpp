// SPDX-License-Identifier: BSD-2-Clause
#include "res/cspace.hpp"

#include "abi/object_type.hpp"
#include "base/scope_exit.hpp"
#include "res/detail.hpp"
#include "res/near_slots.hpp"
#include "res/slot_bitmap.hpp"
#include "sel4/cnode.hpp"
#include "sel4/tcb.hpp"
#include "sel4/untyped.hpp"
#include "sync/lock.hpp"

namespace sos::res {

namespace {

static_assert(SlotBitmap::leaf_bits == cspace_leaf_bits &&
              SlotBitmap::max_leaves == max_cspace_leaves);

// A new leaf is added while this many slots are left: cutting a block for it takes 16 of them,
// and windows of 512 remain likely.
constexpr std::uint32_t low_water = 1024;

constexpr unsigned guard_bits = 64 - cspace_root_bits - cspace_leaf_bits;
constexpr unsigned leaf_depth = 64 - cspace_leaf_bits;

constinit SlotBitmap slots;         // GUARDED_BY(cu_lock)
constinit NearSlots near;           // GUARDED_BY(cu_lock)
constinit bool two_levels = false;  // set once, at boot
constinit bool growing = false;     // GUARDED_BY(cu_lock)
constinit std::uint64_t owned = 0;  // GUARDED_BY(cu_lock)

/// Adds a CNode of 4096 slots. Requires cu_lock.
Result<void> grow() {
    if (slots.leaves() == SlotBitmap::max_leaves) return std::unexpected(Error::no_slots);
    constexpr unsigned bits = cspace_leaf_bits + abi::slot_bits;
    if (!detail::budget.take(MemoryUse::slots, base::bit(bits))) {
        return std::unexpected(Error::no_slots);
    }
    base::ScopeExit give([] { detail::budget.give(MemoryUse::slots, base::bit(bits)); });
    const UntypedId memory = TRY(detail::take_memory(bits));
    const auto made = sel4::untyped_retype(detail::memory_cptr(memory), abi::ObjectType::cnode,
                                           cspace_leaf_bits, root_cnode, slots.leaves());
    if (!made) {
        detail::give_memory(memory);
        return std::unexpected(from_kernel(made.error()));
    }
    give.dismiss();
    const unsigned leaf = slots.add_leaf();
    slots.give(leaf * SlotBitmap::leaf_slots, SlotBitmap::leaf_slots);
    return {};
}

void grow_if_low() {
    if (slots.free() >= low_water || growing || !two_levels) return;
    growing = true;
    // Failure shows when the slots are really used up: as no_slots.
    static_cast<void>(grow());
    growing = false;
}

}  // namespace

namespace detail {

Result<std::uint32_t> take_slots(std::uint32_t count) {
    grow_if_low();
    auto first = count == 1 ? slots.take() : slots.take_window(count);
    if (!first && two_levels && !growing) {
        growing = true;
        const auto grown = grow();
        growing = false;
        if (grown) first = slots.take_window(count);
    }
    if (!first) return std::unexpected(Error::no_slots);
    return *first;
}

void give_slots(std::uint32_t first, std::uint32_t count) {
    slots.give(first, count);
}

std::uint64_t owned_slots() {
    LockGuard guard(cu_lock);
    return owned;
}

Result<void> retype(CPtr untyped, abi::ObjectType type, unsigned size_bits,
                    std::uint32_t first_slot, std::uint32_t count) {
    if (is_near(CPtr{first_slot})) {
        ASSERT(count == 1);
        return from_kernel(sel4::untyped_retype(untyped, type, size_bits, root_cnode,
                                                first_slot >> cspace_leaf_bits));
    }
    constexpr std::uint32_t leaf_mask = SlotBitmap::leaf_slots - 1;
    for (std::uint32_t done = 0; done < count;) {
        const std::uint32_t slot = first_slot + done;
        const std::uint32_t now =
            std::min<std::uint32_t>(count - done, std::uint32_t{abi::max_retype_objects});
        // Before the second level exists the root CNode is the leaf.
        const auto made =
            two_levels ? sel4::untyped_retype(
                             untyped, type, size_bits,
                             sel4::SlotPath{root_cnode, slot >> cspace_leaf_bits, leaf_depth},
                             slot & leaf_mask, now)
                       : sel4::untyped_retype(untyped, type, size_bits, root_cnode, slot, now);
        if (!made) {
            for (std::uint32_t i = 0; i < done; ++i) {
                static_cast<void>(sel4::cnode_delete(path(CPtr{first_slot + i})));
            }
            return std::unexpected(from_kernel(made.error()));
        }
        done += now;
    }
    return {};
}

void init_slots(const abi::BootInfo& boot_info) {
    slots.add_leaf();
    slots.give(static_cast<std::uint32_t>(boot_info.empty.start),
               static_cast<std::uint32_t>(boot_info.empty.size()));
}

Result<void> build_two_levels() {
    // Never undone, so the slots and the memory of the root are not owned by anything.
    const std::uint32_t plain = TRY(take_slots(1));
    const std::uint32_t guarded = TRY(take_slots(1));
    const UntypedId memory = TRY(take_memory(cspace_root_bits + abi::slot_bits));
    TRY(retype(memory_cptr(memory), abi::ObjectType::cnode, cspace_root_bits, plain, 1));

    const CPtr new_root{guarded};
    TRY(from_kernel(sel4::cnode_mint(path(new_root), path(CPtr{plain}), abi::rights::all,
                                     abi::cnode_data(0, guard_bits))));
    // The boot CNode, without its guard, becomes entry 0. (The plain cap names entries by index.)
    TRY(from_kernel(sel4::cnode_mint({.root = CPtr{plain}, .index = 0, .depth = cspace_root_bits},
                                     path(root_cnode), abi::rights::all, abi::cnode_data(0, 0))));
    TRY(from_kernel(sel4::tcb_set_space(CPtr{abi::init_cap::tcb}, sel4::null_cap, new_root, 0,
                                        CPtr{abi::init_cap::vspace})));
    // All lookups go through two levels from here on. Slot `cnode` changes its meaning to match.
    const sel4::SlotPath root_slot{.root = new_root, .index = root_cnode.raw(), .depth = 64};
    TRY(from_kernel(sel4::cnode_delete(root_slot)));
    TRY(from_kernel(
        sel4::cnode_move(root_slot, {.root = new_root, .index = guarded, .depth = 64})));
    give_slots(guarded, 1);
    two_levels = true;
    return {};
}

}  // namespace detail

void Slot::reset() {
    if (cptr_ == CPtr{}) return;
    // Deleting an empty slot succeeds too; the kernel refuses only what is not a slot.
    MUST(sel4::cnode_delete(path(cptr_)));
    LockGuard guard(cu_lock);
    if (is_near(cptr_)) {
        near.give(cptr_);
    } else {
        slots.give(static_cast<std::uint32_t>(cptr_.raw()), 1);
    }
    --owned;
    cptr_ = CPtr{};
}

Result<Slot> take_slot(Place place) {
    if (!detail::acquisition_allowed()) return std::unexpected(Error::no_slots);
    LockGuard guard(cu_lock);
    std::optional<CPtr> slot;
    if (place == Place::near && two_levels) slot = near.take();
    if (!slot) slot = CPtr{TRY(detail::take_slots(1))};
    ++owned;
    return Slot::adopt(*slot);
}

Result<Slot> mint(CPtr source, abi::CapRights rights, std::uint64_t badge) {
    Slot slot = TRY(take_slot());
    TRY(mint_into(path(slot.cptr()), source, rights, badge));
    return slot;
}

Result<Slot> copy(CPtr source) {
    Slot slot = TRY(take_slot());
    TRY(from_kernel(sel4::cnode_copy(path(slot.cptr()), path(source), abi::rights::all)));
    return slot;
}

Result<void> mint_into(sel4::SlotPath destination, CPtr source, abi::CapRights rights,
                       std::uint64_t badge) {
    return from_kernel(sel4::cnode_mint(destination, path(source), rights, badge));
}

}  // namespace sos::res

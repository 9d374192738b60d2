// SPDX-License-Identifier: BSD-2-Clause
// CNode invocations: moving, copying and deleting capabilities (sel4-abi 7.4).
#include "cap/delete.hpp"
#include "cap/derivation.hpp"
#include "cap/lookup.hpp"
#include "object/endpoint.hpp"
#include "object/invoke.hpp"

namespace numbat {

namespace {

using Label = abi::Invocation;

Fail missing(LookupSide side, std::uint64_t depth) {
    return fail::failed_lookup(side, LookupFailure::missing_capability(depth));
}

/// Words that each of Copy, Mint, Move and Mutate needs.
std::uint64_t words_needed(Label label) {
    switch (label) {
        case Label::cnode_copy:
        case Label::cnode_mutate:
            return 5;
        case Label::cnode_mint:
            return 6;
        default:
            return 4;
    }
}

InvocationResult transfer(Invocation& invocation, Slot& destination) {
    if (invocation.is_short(4, 1)) return fail::truncated();
    if (!destination.empty()) return fail::delete_first();
    const std::uint64_t depth = invocation.mr(3);
    Slot& source = *TRY(
        find_target_slot(invocation.extra[0]->cap, invocation.mr(2), depth, LookupSide::source));
    if (source.empty()) return missing(LookupSide::source, depth);
    const Label label = invocation.label;
    if (invocation.length < words_needed(label)) return fail::truncated();

    Cap cap = source.cap;
    if (label == Label::cnode_copy || label == Label::cnode_mint) {
        cap = mask_rights(cap, abi::CapRights{invocation.mr(4)});
        if (label == Label::cnode_mint) cap = apply_data(cap, invocation.mr(5), DataMode::fresh);
        cap = TRY(derive(source, cap));
    } else if (label == Label::cnode_mutate) {
        cap = apply_data(cap, invocation.mr(4), DataMode::preserve);
    }
    if (cap.is_null()) return fail::illegal_operation();

    if (label == Label::cnode_copy || label == Label::cnode_mint) {
        insert_copy(destination, cap, source);
    } else {
        move_slot(destination, cap, source);
    }
    return Outcome::done;
}

InvocationResult cancel_badged(const Slot& slot) {
    if (!slot.cap.is<EndpointCap>()) return fail::illegal_operation();
    const auto endpoint = slot.cap.as<EndpointCap>();
    if (endpoint.rights() != abi::rights::all) return fail::illegal_operation();
    if (endpoint.badge() == 0) return Outcome::done;
    return cancel_badged_sends(endpoint.object(), endpoint.badge());
}

InvocationResult rotate(Invocation& invocation, Slot& destination) {
    if (invocation.is_short(8, 2)) return fail::truncated();
    const std::uint64_t source_depth = invocation.mr(7);
    const std::uint64_t pivot_depth = invocation.mr(4);
    Slot& source = *TRY(find_target_slot(invocation.extra[1]->cap, invocation.mr(6), source_depth,
                                         LookupSide::source));
    Slot& pivot = *TRY(find_target_slot(invocation.extra[0]->cap, invocation.mr(3), pivot_depth,
                                        LookupSide::source));
    if (&pivot == &source || &pivot == &destination) return fail::illegal_operation();
    if (&source != &destination && !destination.empty()) return fail::delete_first();
    if (source.empty()) return missing(LookupSide::source, source_depth);
    if (pivot.empty()) return missing(LookupSide::destination, pivot_depth);
    const Cap to_pivot = apply_data(source.cap, invocation.mr(5), DataMode::preserve);
    const Cap to_destination = apply_data(pivot.cap, invocation.mr(2), DataMode::preserve);
    if (to_pivot.is_null() || to_destination.is_null()) return fail::illegal_operation();
    if (&source == &destination) {
        swap_slots(source, to_pivot, pivot, to_destination);
    } else {
        move_slot(destination, to_destination, pivot);
        move_slot(pivot, to_pivot, source);
    }
    return Outcome::done;
}

}  // namespace

InvocationResult invoke_cnode(Invocation& invocation, CNodeCap cap) {
    const Label label = invocation.label;
    if (label < Label::cnode_revoke || label > Label::cnode_rotate) {
        return fail::illegal_operation();
    }
    if (invocation.length < 2) return fail::truncated();
    Slot& slot =
        *TRY(find_target_slot(cap, invocation.mr(0), invocation.mr(1), LookupSide::destination));
    switch (label) {
        case Label::cnode_revoke:
            return revoke_slot(slot);
        case Label::cnode_delete:
            return delete_slot(slot);
        case Label::cnode_cancel_badged_sends:
            return cancel_badged(slot);
        case Label::cnode_rotate:
            return rotate(invocation, slot);
        default:
            return transfer(invocation, slot);
    }
}

}  // namespace numbat

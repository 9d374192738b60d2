// SPDX-License-Identifier: BSD-2-Clause
// What must hold whenever the kernel is left: a check of all threads, queues, scheduling contexts,
// reply chains, capabilities and mappings that can be reached. Debug builds only.
//
// Off by default. A thread with an MCP above 0 switches it on by DebugSnapshot with
// abi::check_request in x0 and n in x1; from then on every n-th exit is checked, and a violation is
// a panic that names it. Host tests call violated_invariant() directly.
//
// Capabilities are found through the CNodes in which threads live and the derivation lists that
// begin there, so what a system has hidden from all of them is not seen.
#pragma once

#include <cstdint>

#include "api/debug.hpp"
#include "cap/derivation.hpp"
#include "object/tcb.hpp"

namespace numbat::check {

/// No list is longer; a longer one is a cycle.
inline constexpr std::uint64_t list_limit = 1u << 24;

/// The first rule that is broken, in words; null if none is.
const char* violated_invariant();
/// The part of it that depends on the architecture: page tables and address space numbers.
const char* violated_mapping();

/// Check each `interval`-th exit; 0: none.
void set_interval(std::uint64_t interval);
void run_if_due();

/// Wraps the result of each kernel entry.
inline Tcb* at_exit(Tcb* next) {
    if constexpr (config::debug) run_if_due();
    return next;
}

/// The heads of derivation lists in a thread's own slots and those of its CNode, one after the
/// other. Null text: go on; else the walk ends with it.
template <typename Visit>
const char* for_each_list_head(const Tcb& thread, Visit&& visit) {
    const auto look = [&](const Slot& slot) -> const char* {
        return slot.empty() || slot.previous() != nullptr ? nullptr : visit(slot);
    };
    for (const Slot& slot : thread.slots) {
        if (const char* broken = look(slot)) return broken;
    }
    const Cap root = thread.slot(TcbSlot::cspace).cap;
    if (!root.is<CNodeCap>()) return nullptr;
    const auto node = root.as<CNodeCap>();
    for (std::uint64_t i = 0; i < node.slot_count(); ++i) {
        if (const char* broken = look(node.slots()[i])) return broken;
    }
    return nullptr;
}

/// Has a thread in front of this one in the list of all the same CNode?
bool cspace_seen_before(const Tcb& thread);

/// Every slot of every derivation list that can be found, in order.
template <typename Visit>
const char* for_each_slot(Visit&& visit) {
    for (const Tcb* thread = debug_first_thread(); thread != nullptr; thread = thread->all_next) {
        if (cspace_seen_before(*thread)) continue;
        const char* broken = for_each_list_head(*thread, [&](const Slot& head) -> const char* {
            std::uint64_t count = 0;
            for (const Slot* slot = &head; slot != nullptr; slot = slot->next()) {
                if (const char* text = visit(*slot)) return text;
                if (++count == list_limit) return "a derivation list has a cycle";
            }
            return nullptr;
        });
        if (broken != nullptr) return broken;
    }
    return nullptr;
}

/// Is this the first slot of those that name its object?
inline bool first_of_object(const Slot& slot) {
    return slot.previous() == nullptr || !same_object(slot.previous()->cap, slot.cap);
}

}  // namespace numbat::check

// SPDX-License-Identifier: BSD-2-Clause
#include "res/owned.hpp"

#include <array>
#include <atomic>

#include "abi/boot_info.hpp"
#include "res/detail.hpp"
#include "sel4/vspace.hpp"
#include "sync/lock.hpp"

namespace sos::res {

namespace {

using abi::ObjectType;

constexpr unsigned asid_pool_count = 2;  // 1024 address spaces, for 512 processes and SOS

constinit std::array<sel4::CPtr, asid_pool_count> asid_pools{};
constinit std::array<std::atomic<std::uint32_t>, abi::object_type_count> live{};

Result<void> assign_asid(sel4::CPtr vspace) {
    for (sel4::CPtr pool : asid_pools) {
        const auto assigned = sel4::asid_pool_assign(pool, vspace);
        if (assigned) return {};
        if (assigned.error() != abi::Error::delete_first) {
            return std::unexpected(from_kernel(assigned.error()));
        }
    }
    return std::unexpected(Error::limit_reached);
}

/// The tables that every program needs count with its address space.
constexpr std::uint64_t usual_tables = 6 << abi::page_table_bits;

bool take_tables() {
    LockGuard guard(cu_lock);
    return detail::budget.take(MemoryUse::objects, usual_tables);
}

void give_tables() {
    LockGuard guard(cu_lock);
    detail::budget.give(MemoryUse::objects, usual_tables);
}

/// What untyped_retype wants as size_bits.
constexpr unsigned retype_size_bits(ObjectType type, unsigned size_bits) {
    if (type == ObjectType::sched_context && size_bits == 0) return abi::min_sched_context_bits;
    return size_bits;
}

}  // namespace

namespace detail {

void count_object(ObjectType type, int change) {
    // Wraps around for -1.
    live[static_cast<std::size_t>(type)].fetch_add(static_cast<std::uint32_t>(change),
                                                   std::memory_order_relaxed);
}

std::uint64_t live_objects(ObjectType type) {
    return live[static_cast<std::size_t>(type)].load(std::memory_order_relaxed);
}

Result<void> init_asid_pools() {
    asid_pools[0] = sel4::CPtr{abi::init_cap::asid_pool};
    for (unsigned i = 1; i < asid_pool_count; ++i) {
        LockGuard guard(cu_lock);
        const UntypedId memory = TRY(take_memory(abi::asid_pool_bits));
        const std::uint32_t slot = TRY(take_slots(1));
        TRY(from_kernel(sel4::asid_control_make_pool(sel4::CPtr{abi::init_cap::asid_control},
                                                     memory_cptr(memory), path(sel4::CPtr{slot}))));
        asid_pools[i] = sel4::CPtr{slot};
    }
    return {};
}

}  // namespace detail

template <ObjectType Type>
void Object<Type>::reset() {
    if (!slot_.valid()) return;
    slot_.reset();
    memory_.reset();
    if constexpr (Type == ObjectType::vspace) give_tables();
    detail::count_object(Type, -1);
}

template <ObjectType Type>
Result<Object<Type>> make(unsigned size_bits, Place place) {
    const unsigned bits = retype_size_bits(Type, size_bits);
    Untyped memory = TRY(take_untyped(abi::object_size_bits(Type, bits), Object<Type>::account));
    Slot slot = TRY(take_slot(place));
    TRY(detail::retype(memory.cptr(), Type, bits, static_cast<std::uint32_t>(slot.cptr().raw()),
                       1));
    if constexpr (Type == ObjectType::vspace) {
        if (!take_tables()) return std::unexpected(Error::no_memory);
    }
    detail::count_object(Type, 1);
    Object<Type> object(std::move(memory), std::move(slot));
    if constexpr (Type == ObjectType::vspace) TRY(assign_asid(object.cptr()));
    return object;
}

#define SOS_OBJECT(type)                     \
    template class Object<ObjectType::type>; \
    template Result<Object<ObjectType::type>> make<ObjectType::type>(unsigned, Place);
SOS_OBJECT(tcb)
SOS_OBJECT(endpoint)
SOS_OBJECT(notification)
SOS_OBJECT(cnode)
SOS_OBJECT(sched_context)
SOS_OBJECT(reply)
SOS_OBJECT(vspace)
SOS_OBJECT(page_table)
SOS_OBJECT(small_page)
SOS_OBJECT(large_page)
#undef SOS_OBJECT

}  // namespace sos::res

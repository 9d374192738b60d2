// SPDX-License-Identifier: BSD-2-Clause
// Object types of Untyped_Retype and the sizes of what they make.
#pragma once

#include <cstdint>

namespace abi {

enum class ObjectType : std::uint64_t {
    untyped = 0,
    tcb = 1,
    endpoint = 2,
    notification = 3,
    cnode = 4,
    sched_context = 5,
    reply = 6,
    huge_page = 7,
    vspace = 8,
    small_page = 9,
    large_page = 10,
    page_table = 11,
};

inline constexpr std::uint64_t object_type_count = 12;
inline constexpr std::uint64_t max_retype_objects = 256;

// Sizes as powers of two.
inline constexpr unsigned word_bits = 64;
inline constexpr unsigned slot_bits = 5;
inline constexpr unsigned tcb_bits = 11;
inline constexpr unsigned endpoint_bits = 4;
inline constexpr unsigned notification_bits = 6;
inline constexpr unsigned reply_bits = 5;
inline constexpr unsigned min_sched_context_bits = 7;
inline constexpr unsigned sched_context_core_bytes = 128;  // including two refills
inline constexpr unsigned refill_bytes = 16;
inline constexpr unsigned vspace_bits = 12;
inline constexpr unsigned page_table_bits = 12;
inline constexpr unsigned table_index_bits = 9;
inline constexpr unsigned small_page_bits = 12;
inline constexpr unsigned large_page_bits = 21;
inline constexpr unsigned huge_page_bits = 30;
inline constexpr unsigned asid_pool_bits = 12;
inline constexpr unsigned asid_pool_index_bits = 9;
inline constexpr unsigned asid_pool_count_bits = 7;
inline constexpr unsigned min_untyped_bits = 4;
inline constexpr unsigned max_untyped_bits = 47;

inline constexpr std::uint64_t user_top = 0x0000'7fff'ffff'ffff;  // inclusive

/// Bytes as a power of two of an object made with `size_bits`.
constexpr unsigned object_size_bits(ObjectType type, unsigned size_bits) {
    switch (type) {
        case ObjectType::untyped:
            return size_bits;
        case ObjectType::tcb:
            return tcb_bits;
        case ObjectType::endpoint:
            return endpoint_bits;
        case ObjectType::notification:
            return notification_bits;
        case ObjectType::cnode:
            return size_bits + slot_bits;
        case ObjectType::sched_context:
            return size_bits;
        case ObjectType::reply:
            return reply_bits;
        case ObjectType::huge_page:
            return huge_page_bits;
        case ObjectType::vspace:
            return vspace_bits;
        case ObjectType::small_page:
            return small_page_bits;
        case ObjectType::large_page:
            return large_page_bits;
        case ObjectType::page_table:
            return page_table_bits;
    }
    return 0;
}

// Attributes of Page_Map.
namespace page_attributes {
inline constexpr std::uint64_t cacheable = 1;
inline constexpr std::uint64_t parity_enabled = 2;
inline constexpr std::uint64_t execute_never = 4;
inline constexpr std::uint64_t normal = cacheable | parity_enabled;
inline constexpr std::uint64_t device = execute_never;
}  // namespace page_attributes

/// What DebugCapIdentify returns.
enum class CapTag : std::uint8_t {
    null = 0,
    frame = 1,
    untyped = 2,
    page_table = 3,
    endpoint = 4,
    notification = 6,
    reply = 8,
    vspace = 9,
    cnode = 10,
    asid_control = 11,
    tcb = 12,
    asid_pool = 13,
    irq_control = 14,
    irq_handler = 16,
    zombie = 18,
    domain = 20,
    sched_context = 22,
    sched_control = 24,
    sgi_signal = 27,
};

namespace tcb_flags {
inline constexpr std::uint64_t fpu_disabled = 1;
}

namespace sched_flags {
inline constexpr std::uint64_t sporadic = 1;
}

/// The data word of CNode caps (guard) in Mint, Mutate, Rotate and TCB roots.
constexpr std::uint64_t cnode_data(std::uint64_t guard, unsigned guard_bits) {
    return (guard << 6) | guard_bits;
}

}  // namespace abi

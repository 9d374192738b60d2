// SPDX-License-Identifier: BSD-2-Clause
// Cap: the 16-byte value of a capability, and one typed view per kind.
//
// Word 0 holds the kind, small fields and the object's address; word 1 is free for the kind. A view
// (EndpointCap, FrameCap, ...) may be made from a Cap only when the kind matches. Copying a Cap
// changes nothing else: only derivation.cpp links slots. All zero is the null capability.
//
//   word 0:  [63:59] kind   [58:48] fields of the kind   [47:0] address, sign extended
//
// Objects are named by their kernel address, memory (Untyped, Frame) by its physical address.
#pragma once

#include <cstdint>

#include "abi/cap_rights.hpp"
#include "abi/object_type.hpp"
#include "base/assert.hpp"
#include "base/bitfield.hpp"
#include "base/strong.hpp"

namespace numbat {

struct Tcb;
struct Endpoint;
struct Notification;
struct Reply;
struct SchedContext;
struct Slot;

using abi::CapTag;
using base::PAddr;
using base::VAddr;
using Asid = std::uint16_t;  // 0: none

class Cap {
  public:
    using Tag = base::Field<59, 5>;
    using Address = base::Field<0, 48>;

    /// Leaves the words as they are (retyped memory is zero); `Cap{}` is the null capability.
    Cap() = default;
    constexpr Cap(std::uint64_t first, std::uint64_t second) : word0(first), word1(second) {}

    constexpr CapTag tag() const { return static_cast<CapTag>(Tag::get(word0)); }
    constexpr bool is_null() const { return tag() == CapTag::null; }

    template <typename View>
    constexpr bool is() const {
        return tag() == View::kind;
    }
    template <typename View>
    constexpr View as() const {
        ASSERT(is<View>());
        return {Cap(word0, word1)};
    }

    /// The address field, sign extended from bit 47.
    constexpr std::uint64_t address() const {
        return static_cast<std::uint64_t>(static_cast<std::int64_t>(word0 << 16) >> 16);
    }

    friend constexpr bool operator==(Cap, Cap) = default;

    std::uint64_t word0;
    std::uint64_t word1;

  protected:
    static constexpr std::uint64_t head(CapTag tag, std::uint64_t address) {
        return Tag::make(static_cast<std::uint64_t>(tag)) | Address::make(address);
    }
    static std::uint64_t head(CapTag tag, const void* object) {
        return head(tag, reinterpret_cast<std::uint64_t>(object));
    }
    template <typename T>
    T& referent() const {
        return *reinterpret_cast<T*>(address());
    }
};
static_assert(sizeof(Cap) == 16);

/// Rights of endpoint, notification and reply capabilities: bits 51..48, as in abi::CapRights.
struct RightsCap : Cap {
    using Rights = base::Field<48, 4>;
    constexpr abi::CapRights rights() const { return {Rights::get(word0)}; }
    constexpr bool can_write() const { return (word0 & base::bit(48)) != 0; }
    constexpr bool can_read() const { return (word0 & base::bit(49)) != 0; }
    constexpr bool can_grant() const { return (word0 & base::bit(50)) != 0; }
    constexpr bool can_grant_reply() const { return (word0 & base::bit(51)) != 0; }
};

struct EndpointCap : RightsCap {
    static constexpr CapTag kind = CapTag::endpoint;
    static EndpointCap make(const Endpoint& object, std::uint64_t badge, abi::CapRights rights) {
        return {Cap(head(kind, &object) | Rights::make(rights.word), badge)};
    }
    Endpoint& object() const { return referent<Endpoint>(); }
    constexpr std::uint64_t badge() const { return word1; }
};

struct NotificationCap : RightsCap {
    static constexpr CapTag kind = CapTag::notification;
    static NotificationCap make(const Notification& object, std::uint64_t badge,
                                abi::CapRights rights) {
        return {Cap(head(kind, &object) | Rights::make(rights.word & 3), badge)};
    }
    Notification& object() const { return referent<Notification>(); }
    constexpr std::uint64_t badge() const { return word1; }
};

/// Only `grant` counts.
struct ReplyCap : RightsCap {
    static constexpr CapTag kind = CapTag::reply;
    static ReplyCap make(const Reply& object, abi::CapRights rights) {
        return {Cap(head(kind, &object) | Rights::make(rights.word), 0)};
    }
    Reply& object() const { return referent<Reply>(); }
};

struct TcbCap : Cap {
    static constexpr CapTag kind = CapTag::tcb;
    static TcbCap make(const Tcb& object) { return {Cap(head(kind, &object), 0)}; }
    Tcb& object() const { return referent<Tcb>(); }
};

struct SchedContextCap : Cap {
    static constexpr CapTag kind = CapTag::sched_context;
    using SizeBits = base::Field<48, 6>;
    static SchedContextCap make(const SchedContext& object, unsigned size_bits) {
        return {Cap(head(kind, &object) | SizeBits::make(size_bits), 0)};
    }
    SchedContext& object() const { return referent<SchedContext>(); }
    constexpr unsigned size_bits() const { return static_cast<unsigned>(SizeBits::get(word0)); }
};

/// Word 1 is the data word of sel4-abi 4.3: guard size in [5:0], guard in [63:6]. A node that
/// resolves all 64 bits is marked as flat, right below the kind: both are tested at once.
struct CNodeCap : Cap {
    static constexpr CapTag kind = CapTag::cnode;
    using Radix = base::Field<48, 6>;
    using Flat = base::Field<54, 1>;
    using FlatNode = base::Field<54, 10>;  // Flat, and all above it
    using GuardSize = base::Field<0, 6>;
    static constexpr std::uint64_t flat_node = static_cast<std::uint64_t>(kind) << 5 | 1;
    static CNodeCap make(const Slot* slots, unsigned radix, std::uint64_t guard = 0,
                         unsigned guard_size = 0) {
        return {Cap(head(kind, slots) | Radix::make(radix) |
                        Flat::make(radix + guard_size == abi::word_bits),
                    (guard << 6) | guard_size)};
    }
    Slot* slots() const { return reinterpret_cast<Slot*>(address()); }
    constexpr unsigned radix() const { return static_cast<unsigned>(Radix::get(word0)); }
    constexpr std::uint64_t slot_count() const { return base::bit(radix()); }
    constexpr unsigned guard_size() const { return static_cast<unsigned>(GuardSize::get(word1)); }
    constexpr std::uint64_t guard() const { return word1 >> 6; }
};

/// Memory [address, address + 2^bits); what lies below the free offset has been handed out.
struct UntypedCap : Cap {
    static constexpr CapTag kind = CapTag::untyped;
    using SizeBits = base::Field<48, 6>;
    using Device = base::Field<54, 1>;
    static constexpr UntypedCap make(PAddr address, unsigned size_bits, bool device,
                                     std::uint64_t free_offset) {
        return {Cap(head(kind, address.raw()) | SizeBits::make(size_bits) | Device::make(device),
                    free_offset)};
    }
    constexpr PAddr paddr() const { return PAddr(Address::get(word0)); }
    constexpr unsigned size_bits() const { return static_cast<unsigned>(SizeBits::get(word0)); }
    constexpr std::uint64_t size() const { return base::bit(size_bits()); }
    constexpr bool device() const { return Device::get(word0) != 0; }
    constexpr std::uint64_t free_offset() const { return word1; }
    constexpr void set_free_offset(std::uint64_t offset) { word1 = offset; }
};

enum class FrameRights : std::uint8_t { none = 0, read_only = 1, read_write = 2 };
enum class FrameSize : std::uint8_t { small = 0, large = 1, huge = 2 };

constexpr unsigned frame_size_bits(FrameSize size) {
    return abi::small_page_bits + abi::table_index_bits * static_cast<unsigned>(size);
}
static_assert(frame_size_bits(FrameSize::huge) == abi::huge_page_bits);

/// The mapping of a Frame or PageTable capability: word 1 = ASID in [63:48], address in [47:0].
struct MappedCap : Cap {
    using MappedAsid = base::Field<48, 16>;
    using MappedVAddr = base::Field<0, 48>;
    constexpr bool mapped() const { return asid() != 0; }
    constexpr Asid asid() const { return static_cast<Asid>(MappedAsid::get(word1)); }
    constexpr VAddr vaddr() const { return VAddr(MappedVAddr::get(word1)); }
    constexpr void set_mapping(Asid asid, VAddr vaddr) {
        word1 = MappedAsid::make(asid) | MappedVAddr::make(vaddr.raw());
    }
    constexpr void clear_mapping() { word1 = 0; }
};

struct FrameCap : MappedCap {
    static constexpr CapTag kind = CapTag::frame;
    using Size = base::Field<48, 2>;
    using Rights = base::Field<50, 2>;
    using Device = base::Field<52, 1>;
    static constexpr FrameCap make(PAddr address, FrameSize size, FrameRights rights, bool device) {
        return {Cap(head(kind, address.raw()) | Size::make(static_cast<std::uint64_t>(size)) |
                        Rights::make(static_cast<std::uint64_t>(rights)) | Device::make(device),
                    0)};
    }
    constexpr PAddr paddr() const { return PAddr(Address::get(word0)); }
    constexpr FrameSize size() const { return static_cast<FrameSize>(Size::get(word0)); }
    constexpr unsigned size_bits() const { return frame_size_bits(size()); }
    constexpr FrameRights rights() const { return static_cast<FrameRights>(Rights::get(word0)); }
    constexpr void set_rights(FrameRights rights) {
        word0 = Rights::set(word0, static_cast<std::uint64_t>(rights));
    }
    constexpr bool device() const { return Device::get(word0) != 0; }
};

/// A translation table of any level below the top.
struct PageTableCap : MappedCap {
    static constexpr CapTag kind = CapTag::page_table;
    static PageTableCap make(const void* table) { return {Cap(head(kind, table), 0)}; }
    std::uint64_t* table() const { return reinterpret_cast<std::uint64_t*>(address()); }
};

struct VSpaceCap : Cap {
    static constexpr CapTag kind = CapTag::vspace;
    static VSpaceCap make(const void* table, Asid asid = 0) {
        return {Cap(head(kind, table), asid)};
    }
    std::uint64_t* table() const { return reinterpret_cast<std::uint64_t*>(address()); }
    constexpr Asid asid() const { return static_cast<Asid>(word1); }
    constexpr bool assigned() const { return asid() != 0; }
    constexpr void set_asid(Asid asid) { word1 = asid; }
};

/// The right to something that there is once; it says nothing but its kind.
template <CapTag which>
struct ControlCap : Cap {
    static constexpr CapTag kind = which;
    static constexpr ControlCap make() { return {Cap(head(kind, std::uint64_t{0}), 0)}; }
};
using AsidControlCap = ControlCap<CapTag::asid_control>;
using IrqControlCap = ControlCap<CapTag::irq_control>;
using DomainCap = ControlCap<CapTag::domain>;
using SchedControlCap = ControlCap<CapTag::sched_control>;

/// `base` is the pool's first ASID, a multiple of 512.
struct AsidPoolCap : Cap {
    static constexpr CapTag kind = CapTag::asid_pool;
    static AsidPoolCap make(const void* pool, Asid base) { return {Cap(head(kind, pool), base)}; }
    template <typename Pool>
    Pool& pool() const {
        return referent<Pool>();
    }
    constexpr Asid base() const { return static_cast<Asid>(word1); }
};

struct IrqHandlerCap : Cap {
    static constexpr CapTag kind = CapTag::irq_handler;
    static constexpr IrqHandlerCap make(unsigned irq) {
        return {Cap(head(kind, std::uint64_t{0}), irq)};
    }
    constexpr unsigned irq() const { return static_cast<unsigned>(word1); }
};

struct SgiSignalCap : Cap {
    static constexpr CapTag kind = CapTag::sgi_signal;
    static constexpr SgiSignalCap make(unsigned irq, unsigned target) {
        return {Cap(head(kind, std::uint64_t{0}), irq | (target << 8))};
    }
    constexpr unsigned irq() const { return static_cast<unsigned>(word1 & 0xff); }
    constexpr unsigned target() const { return static_cast<unsigned>(word1 >> 8); }
};

/// What the last capability to a CNode or TCB becomes while the slots of the object are deleted:
/// the container's first slot, its size, and how many slots (from the first) are still to do.
/// Pending containers are linked by the number (physical address / 32) of the slot of the next one.
/// See delete.hpp.
struct ZombieCap : Cap {
    static constexpr CapTag kind = CapTag::zombie;
    using Radix = base::Field<48, 6>;  // of a CNode; tcb_radix for a TCB
    using Pending = base::Field<54, 1>;
    using RemainingHigh = base::Field<55, 4>;
    using RemainingLow = base::Field<0, 30>;
    using NextPending = base::Field<30, 34>;
    static constexpr unsigned tcb_radix = 63;

    static ZombieCap make(const Slot* slots, unsigned radix, std::uint64_t remaining) {
        ZombieCap cap;
        cap.word0 = head(kind, slots) | Radix::make(radix);
        cap.word1 = 0;
        cap.set_remaining(remaining);
        return cap;
    }
    Slot* slots() const { return reinterpret_cast<Slot*>(address()); }
    constexpr unsigned radix() const { return static_cast<unsigned>(Radix::get(word0)); }
    constexpr std::uint64_t remaining() const {
        return RemainingLow::get(word1) | (RemainingHigh::get(word0) << RemainingLow::width);
    }
    constexpr void set_remaining(std::uint64_t count) {
        word1 = RemainingLow::set(word1, count);
        word0 = RemainingHigh::set(word0, count >> RemainingLow::width);
    }
    constexpr bool pending() const { return Pending::get(word0) != 0; }
    constexpr void set_pending(bool on) { word0 = Pending::set(word0, on); }
    constexpr std::uint64_t next_pending() const { return NextPending::get(word1); }
    constexpr void set_next_pending(std::uint64_t number) {
        word1 = NextPending::set(word1, number);
    }
};

}  // namespace numbat

// SPDX-License-Identifier: BSD-2-Clause
// Owned kernel objects: Object<type> has the memory of one object and the slot of its first
// capability. When it is destroyed the capability is deleted (copies made from it must be gone, or
// the object lives on in memory that would be used again: revoke first) and the memory goes back.
#pragma once

#include <utility>

#include "abi/object_type.hpp"
#include "res/cspace.hpp"
#include "res/untyped.hpp"

namespace sos::res {

template <abi::ObjectType Type>
class [[nodiscard]] Object {
  public:
    constexpr Object() = default;
    Object(Object&& other) noexcept = default;
    Object& operator=(Object&& other) noexcept {
        if (this != &other) {
            reset();
            memory_ = std::move(other.memory_);
            slot_ = std::move(other.slot_);
        }
        return *this;
    }
    ~Object() { reset(); }

    sel4::CPtr cptr() const { return slot_.cptr(); }
    bool valid() const { return slot_.valid(); }

    /// Deletes the object and gives its memory back.
    void reset();

    /// Gives up ownership, for tables that keep bare numbers; adopt() is the way back.
    struct Released {
        sel4::CPtr cptr;
        UntypedId memory;
    };
    [[nodiscard]] Released release() { return {slot_.release(), memory_.release()}; }
    static Object adopt(Released parts) {
        return Object(Untyped::adopt(parts.memory, account), Slot::adopt(parts.cptr));
    }

  private:
    template <abi::ObjectType Made>
    friend Result<Object<Made>> make(unsigned size_bits, Place place);
    static constexpr Account account =
        Type == abi::ObjectType::page_table ? Account::program : Account::server;
    Object(Untyped memory, Slot slot) : memory_(std::move(memory)), slot_(std::move(slot)) {}

    Untyped memory_;
    Slot slot_;
};

/// Makes one object. `size_bits`: slots of a CNode (as a power of two), bytes of a scheduling
/// context (0: the least, 128 bytes, two refills); 0 for all other types. A VSpace has an ASID.
template <abi::ObjectType Type>
Result<Object<Type>> make(unsigned size_bits = 0, Place place = Place::any);

using OwnedTcb = Object<abi::ObjectType::tcb>;
using OwnedEndpoint = Object<abi::ObjectType::endpoint>;
using OwnedNotification = Object<abi::ObjectType::notification>;
using OwnedCNode = Object<abi::ObjectType::cnode>;
using OwnedSchedContext = Object<abi::ObjectType::sched_context>;
using OwnedReply = Object<abi::ObjectType::reply>;
using OwnedVSpace = Object<abi::ObjectType::vspace>;
using OwnedPageTable = Object<abi::ObjectType::page_table>;
using OwnedFrame = Object<abi::ObjectType::small_page>;
using OwnedLargeFrame = Object<abi::ObjectType::large_page>;

inline Result<OwnedTcb> make_tcb() {
    return make<abi::ObjectType::tcb>();
}
inline Result<OwnedEndpoint> make_endpoint() {
    return make<abi::ObjectType::endpoint>(0, Place::near);
}
inline Result<OwnedNotification> make_notification() {
    return make<abi::ObjectType::notification>();
}
inline Result<OwnedCNode> make_cnode(unsigned slots_bits) {
    return make<abi::ObjectType::cnode>(slots_bits);
}
inline Result<OwnedSchedContext> make_sched_context(unsigned size_bits = 0) {
    return make<abi::ObjectType::sched_context>(size_bits);
}
inline Result<OwnedReply> make_reply() {
    return make<abi::ObjectType::reply>(0, Place::near);
}
inline Result<OwnedVSpace> make_vspace() {
    return make<abi::ObjectType::vspace>();
}
inline Result<OwnedPageTable> make_page_table() {
    return make<abi::ObjectType::page_table>();
}
inline Result<OwnedFrame> make_frame() {
    return make<abi::ObjectType::small_page>();
}

}  // namespace sos::res

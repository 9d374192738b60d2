// SPDX-License-Identifier: BSD-2-Clause
#include "api/message.hpp"

#include "abi/message_info.hpp"
#include "api/fault.hpp"
#include "cap/derivation.hpp"
#include "cap/lookup.hpp"

namespace numbat {

namespace {

struct TransferredCaps {
    std::uint64_t count = 0;
    std::uint64_t unwrapped = 0;
};

/// The empty slot that the receiver has named in its buffer, or null.
Slot* receive_slot(const Tcb& receiver, const abi::IpcBuffer& buffer) {
    const auto root = lookup_slot(receiver, buffer.receive_cnode);
    if (!root) return nullptr;
    const auto slot = find_target_slot((*root)->cap, buffer.receive_index, buffer.receive_depth,
                                       LookupSide::destination);
    return slot && (*slot)->empty() ? *slot : nullptr;
}

TransferredCaps transfer_caps(const Tcb& sender, const abi::IpcBuffer& from, std::uint64_t count,
                              const Endpoint* endpoint, const Tcb& receiver, abi::IpcBuffer& to) {
    Slot* sources[abi::max_extra_caps];
    for (std::uint64_t i = 0; i < count; ++i) {
        const auto found = lookup_slot(sender, from.caps_or_badges[i]);
        if (!found) return {};
        sources[i] = *found;
    }
    TransferredCaps result;
    Slot* destination = receive_slot(receiver, to);
    for (std::uint64_t i = 0; i < count; ++i) {
        const Cap cap = sources[i]->cap;
        if (cap.is<EndpointCap>() && endpoint != nullptr &&
            &cap.as<EndpointCap>().object() == endpoint) {
            to.caps_or_badges[i] = cap.as<EndpointCap>().badge();
            result.unwrapped |= base::bit(static_cast<unsigned>(i));
        } else {
            if (destination == nullptr) break;
            const auto derived = derive(*sources[i], cap);
            if (!derived || derived->is_null()) break;
            insert_copy(*destination, *derived, *sources[i]);
            destination = nullptr;
        }
        ++result.count;
    }
    return result;
}

}  // namespace

void MessageWriter::put(const LookupFailure& failure) {
    using enum abi::LookupFailureType;
    put(static_cast<std::uint64_t>(failure.type));
    if (failure.type >= missing_capability) put(failure.bits_left);
    if (failure.type == guard_mismatch) put(failure.guard);
    if (failure.type >= depth_mismatch) put(failure.bits_found);
}

std::uint64_t copy_words(const Tcb& sender, Tcb& receiver, std::uint64_t length) {
    for (unsigned i = 0; i < std::min<std::uint64_t>(length, abi::message_registers); ++i) {
        receiver.context.set_mr(i, sender.context.mr(i));
    }
    if (length <= abi::message_registers) return length;
    const abi::IpcBuffer* source = ipc_buffer_of(sender, BufferUse::send);
    abi::IpcBuffer* target = ipc_buffer_of(receiver, BufferUse::receive);
    if (source == nullptr || target == nullptr) return abi::message_registers;
    for (std::uint64_t i = abi::message_registers; i < length; ++i) {
        target->msg[i] = source->msg[i];
    }
    return length;
}

void transfer_message(Tcb& sender, const Endpoint* endpoint, std::uint64_t badge, Grant grant,
                      Tcb& receiver) {
    arch::Context& to = receiver.context;
    to.x[0] = badge;
    if (sender.fault.kind != FaultKind::none) [[unlikely]] {
        to.x[1] = write_fault_message(sender, receiver);
        return;
    }
    const abi::MessageInfo info{sender.context.x[1]};
    const std::uint64_t length = copy_words(sender, receiver, message_length(info));
    TransferredCaps caps;
    if (info.extra_caps() != 0 && grant == Grant::yes) {
        const abi::IpcBuffer* source = ipc_buffer_of(sender, BufferUse::send);
        abi::IpcBuffer* target = ipc_buffer_of(receiver, BufferUse::receive);
        if (source != nullptr && target != nullptr) {
            caps = transfer_caps(sender, *source, info.extra_caps(), endpoint, receiver, *target);
        }
    }
    to.x[1] = abi::MessageInfo::make(info.label(), length, caps.count, caps.unwrapped).word;
}

void reply_error(Tcb& caller, const SysError& error) {
    MessageWriter message(caller);
    using enum abi::Error;
    if (error.code == invalid_argument || error.code == invalid_capability ||
        error.code == not_enough_memory || error.code == range_error ||
        error.code == failed_lookup) {
        message.put(error.first);
    }
    if (error.code == range_error) message.put(error.second);
    if (error.code == failed_lookup) message.put(error.failure);
    caller.context.x[0] = 0;
    caller.context.x[1] =
        abi::MessageInfo::make(static_cast<std::uint64_t>(error.code), message.length()).word;
}

}  // namespace numbat

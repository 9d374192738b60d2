// SPDX-License-Identifier: BSD-2-Clause
// Threads (seL4 manual 6, 10.3).
#pragma once

#include "abi/fault.hpp"
#include "abi/object_type.hpp"
#include "sel4/invoke.hpp"

namespace sel4 {

inline Result<void> tcb_configure(CPtr tcb, CPtr cspace, std::uint64_t cspace_data, CPtr vspace,
                                  std::uint64_t buffer_address, CPtr buffer_frame) {
    return invoke<3, 3>(tcb, abi::Invocation::tcb_configure, {cspace_data, 0, buffer_address},
                        {cspace, vspace, buffer_frame});
}

inline Result<void> tcb_set_space(CPtr tcb, CPtr fault_endpoint, CPtr cspace,
                                  std::uint64_t cspace_data, CPtr vspace) {
    return invoke<2, 3>(tcb, abi::Invocation::tcb_set_space, {cspace_data, 0},
                        {fault_endpoint, cspace, vspace});
}

inline Result<void> tcb_set_ipc_buffer(CPtr tcb, std::uint64_t address, CPtr frame) {
    return invoke<1, 1>(tcb, abi::Invocation::tcb_set_ipc_buffer, {address}, {frame});
}

inline Result<void> tcb_set_priority(CPtr tcb, CPtr authority, std::uint64_t priority) {
    return invoke<1, 1>(tcb, abi::Invocation::tcb_set_priority, {priority}, {authority});
}

inline Result<void> tcb_set_mc_priority(CPtr tcb, CPtr authority, std::uint64_t mcp) {
    return invoke<1, 1>(tcb, abi::Invocation::tcb_set_mc_priority, {mcp}, {authority});
}

inline Result<void> tcb_set_sched_params(CPtr tcb, CPtr authority, std::uint64_t mcp,
                                         std::uint64_t priority, CPtr sched_context,
                                         CPtr fault_endpoint) {
    return invoke<2, 3>(tcb, abi::Invocation::tcb_set_sched_params, {mcp, priority},
                        {authority, sched_context, fault_endpoint});
}

inline Result<void> tcb_set_timeout_endpoint(CPtr tcb, CPtr endpoint) {
    return invoke<0, 1>(tcb, abi::Invocation::tcb_set_timeout_endpoint, {}, {endpoint});
}

inline Result<void> tcb_suspend(CPtr tcb) {
    return invoke(tcb, abi::Invocation::tcb_suspend);
}

inline Result<void> tcb_resume(CPtr tcb) {
    return invoke(tcb, abi::Invocation::tcb_resume);
}

inline Result<void> tcb_bind_notification(CPtr tcb, CPtr notification) {
    return invoke<0, 1>(tcb, abi::Invocation::tcb_bind_notification, {}, {notification});
}

inline Result<void> tcb_unbind_notification(CPtr tcb) {
    return invoke(tcb, abi::Invocation::tcb_unbind_notification);
}

inline Result<void> tcb_set_tls_base(CPtr tcb, std::uint64_t address) {
    return invoke<1>(tcb, abi::Invocation::tcb_set_tls_base, {address});
}

/// The flags after the change.
inline Result<std::uint64_t> tcb_set_flags(CPtr tcb, std::uint64_t clear, std::uint64_t set) {
    return invoke_word<2>(tcb, abi::Invocation::tcb_set_flags, {clear, set});
}

enum class ResumeTarget : std::uint64_t { no = 0, yes = 1 };
enum class SuspendSource : std::uint64_t { no = 0, yes = 1 };

/// Writes the first `count` (0..36) words of `context`.
inline Result<void> tcb_write_registers(CPtr tcb, const abi::UserContext& context, unsigned count,
                                        ResumeTarget resume) {
    const auto* words = reinterpret_cast<const std::uint64_t*>(&context);
    Words registers{{static_cast<std::uint64_t>(resume), count, words[0], words[1]}};
    for (unsigned i = 2; i < count; ++i) sel4_ipc_buffer->msg[i + 2] = words[i];
    const auto label = static_cast<std::uint64_t>(abi::Invocation::tcb_write_registers);
    const Received answer = call(tcb, abi::MessageInfo::make(label, 2 + count), registers);
    const auto error = static_cast<abi::Error>(answer.info.label());
    if (error != abi::Error::none) return std::unexpected(error);
    return {};
}

/// Reads the first `count` (1..36) words into `context`.
inline Result<void> tcb_read_registers(CPtr tcb, abi::UserContext& context, unsigned count,
                                       SuspendSource suspend) {
    const auto label = static_cast<std::uint64_t>(abi::Invocation::tcb_read_registers);
    const Received answer = call(tcb, abi::MessageInfo::make(label, 2),
                                 {{static_cast<std::uint64_t>(suspend), count, 0, 0}});
    const auto error = static_cast<abi::Error>(answer.info.label());
    if (error != abi::Error::none) return std::unexpected(error);
    auto* words = reinterpret_cast<std::uint64_t*>(&context);
    for (unsigned i = 0; i < count && i < abi::user_context_words; ++i) {
        words[i] = i < abi::message_registers ? answer.words.mr[i] : sel4_ipc_buffer->msg[i];
    }
    return {};
}

namespace copy_registers {
inline constexpr std::uint64_t suspend_source = 1, resume_target = 2, frame = 4, integer = 8;
}

inline Result<void> tcb_copy_registers(CPtr destination, CPtr source, std::uint64_t flags) {
    return invoke<1, 1>(destination, abi::Invocation::tcb_copy_registers, {flags}, {source});
}

}  // namespace sel4

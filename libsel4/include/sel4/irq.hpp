// SPDX-License-Identifier: BSD-2-Clause
// Interrupts (seL4 manual 8.1, 10.3).
#pragma once

#include "sel4/invoke.hpp"

namespace sel4 {

enum class Trigger : std::uint64_t { level = 0, edge = 1 };

inline Result<void> irq_control_get(CPtr control, std::uint64_t irq, SlotPath slot) {
    return invoke<3, 1>(control, abi::Invocation::irq_control_get, {irq, slot.index, slot.depth},
                        {slot.root});
}

inline Result<void> irq_control_get_trigger(CPtr control, std::uint64_t irq, Trigger trigger,
                                            SlotPath slot) {
    return invoke<4, 1>(control, abi::Invocation::irq_control_get_trigger,
                        {irq, static_cast<std::uint64_t>(trigger), slot.index, slot.depth},
                        {slot.root});
}

inline Result<void> irq_control_issue_sgi_signal(CPtr control, std::uint64_t irq,
                                                 std::uint64_t target, SlotPath slot) {
    return invoke<4, 1>(control, abi::Invocation::irq_control_issue_sgi_signal,
                        {irq, target, slot.index, slot.depth}, {slot.root});
}

inline Result<void> irq_handler_ack(CPtr handler) {
    return invoke(handler, abi::Invocation::irq_handler_ack);
}

inline Result<void> irq_handler_set_notification(CPtr handler, CPtr notification) {
    return invoke<0, 1>(handler, abi::Invocation::irq_handler_set_notification, {}, {notification});
}

inline Result<void> irq_handler_clear(CPtr handler) {
    return invoke(handler, abi::Invocation::irq_handler_clear);
}

}  // namespace sel4

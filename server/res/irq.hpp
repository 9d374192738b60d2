// SPDX-License-Identifier: BSD-2-Clause
// Interrupts: one owner per interrupt number; it is masked and free again when the owner goes.
#pragma once

#include "res/cspace.hpp"
#include "sel4/irq.hpp"

namespace sos::res {

using sel4::Trigger;

class [[nodiscard]] OwnedIrq {
  public:
    constexpr OwnedIrq() = default;
    explicit OwnedIrq(Slot handler) : handler_(std::move(handler)) {}

    sel4::CPtr cptr() const { return handler_.cptr(); }
    bool valid() const { return handler_.valid(); }

    /// Where it is signalled: a notification capability with its badge (kept as a copy).
    Result<void> set_notification(sel4::CPtr notification) {
        return from_kernel(sel4::irq_handler_set_notification(cptr(), notification));
    }
    /// Unmasks it after it was handled.
    void acknowledge() { (void)sel4::irq_handler_ack(cptr()); }

  private:
    Slot handler_;
};

/// `intid` as the interrupt controller numbers it: shared ones from 32. Taken twice: Error::busy.
Result<OwnedIrq> take_irq(std::uint64_t intid, Trigger trigger);

}  // namespace sos::res

// SPDX-License-Identifier: BSD-2-Clause
#include "res/irq.hpp"

#include "abi/boot_info.hpp"

namespace sos::res {

Result<OwnedIrq> take_irq(std::uint64_t intid, Trigger trigger) {
    Slot slot = TRY(take_slot());
    const auto taken = sel4::irq_control_get_trigger(CPtr{abi::init_cap::irq_control}, intid,
                                                     trigger, path(slot.cptr()));
    if (!taken && taken.error() == abi::Error::revoke_first) return std::unexpected(Error::busy);
    if (!taken && taken.error() == abi::Error::range_error) {
        return std::unexpected(Error::bad_argument);
    }
    TRY(from_kernel(taken));
    return OwnedIrq(std::move(slot));
}

}  // namespace sos::res

// SPDX-License-Identifier: BSD-2-Clause
#include "vm/scratch_frame.hpp"

#include "sync/lock.hpp"

namespace sos::vm {

Result<ScratchFrame> ScratchFrame::take() {
    LockGuard guard(ft_lock);
    return ScratchFrame(TRY(take_frame()));
}

Result<std::uint64_t> ScratchFrame::make_token() const {
    LockGuard guard(ft_lock);
    TRY(pin_frame(frame_));
    return std::uint64_t{frame_.raw()};
}

void ScratchFrame::reset() {
    if (frame_ == no_frame) return;
    LockGuard guard(ft_lock);
    give_frame(std::exchange(frame_, no_frame));
}

}  // namespace sos::vm

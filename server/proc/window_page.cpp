// SPDX-License-Identifier: BSD-2-Clause
#include "proc/window_page.hpp"

#include <utility>

namespace sos::proc {

Result<abi::FileWindow*> WindowPage::record(vm::AddressSpace& space, std::uint64_t address) {
    const std::uint64_t page = base::align_down(address, vm::page_size);
    if (address % alignof(abi::FileWindow) != 0) return std::unexpected(Error::bad_argument);
    if (pin_ != fs::no_pin && page != page_) return nullptr;
    if (pin_ == fs::no_pin) {
        const Result<std::uint64_t> pin =
            space.pin_for_window(base::VAddr{page}, vm::Access::write);
        if (!pin && pin.error() != Error::bad_address) return nullptr;
        pin_ = TRY(pin);
        page_ = page;
    }
    return reinterpret_cast<abi::FileWindow*>(vm::transfer_data(pin_) + (address - page));
}

void WindowPage::release() {
    fs::release_pin(std::exchange(pin_, fs::no_pin));
}

}  // namespace sos::proc

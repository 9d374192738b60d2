// SPDX-License-Identifier: BSD-2-Clause
// The user half of the address space beyond what contract.hpp says.
#pragma once

#include <cstdint>

#include "cap/cap.hpp"

namespace arch {

void enter_empty_address_space();

/// Makes a user address space current while it lives, so that cache maintenance can use user
/// addresses: for pages outside the kernel's window.
class [[nodiscard]] AddressSpaceGuard {
  public:
    explicit AddressSpaceGuard(numbat::VSpaceCap vspace);
    AddressSpaceGuard(const AddressSpaceGuard&) = delete;
    AddressSpaceGuard& operator=(const AddressSpaceGuard&) = delete;
    ~AddressSpaceGuard();

  private:
    std::uint64_t previous_;
};

}  // namespace arch

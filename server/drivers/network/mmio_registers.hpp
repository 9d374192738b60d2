// SPDX-License-Identifier: BSD-2-Clause
// The registers of a virtio-mmio transport in the machine's address space.
#pragma once

#include "base/mmio.hpp"

namespace sos::drivers {

class MmioRegisters {
  public:
    explicit MmioRegisters(base::Mmio window) : window_(window) {}

    std::uint32_t read32(std::size_t offset) const { return window_.read<std::uint32_t>(offset); }
    /// Memory that the device is to look at must be written before the register that says so.
    void write32(std::size_t offset, std::uint32_t value) const {
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        window_.write<std::uint32_t>(offset, value);
    }

  private:
    base::Mmio window_;
};

}  // namespace sos::drivers

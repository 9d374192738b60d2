// SPDX-License-Identifier: BSD-2-Clause
// Registers as types: Register<Offset, Type> with its access width; a driver takes an Mmio window
// by reference, so a host test can stand in for the device.
#pragma once

#include <cstddef>
#include <cstdint>

namespace base {

class Mmio {
  public:
    constexpr explicit Mmio(std::uintptr_t base) : base_(base) {}

    template <typename T>
    T read(std::size_t offset) const {
        return *reinterpret_cast<volatile const T*>(base_ + offset);
    }
    template <typename T>
    void write(std::size_t offset, T value) const {
        *reinterpret_cast<volatile T*>(base_ + offset) = value;
    }

  private:
    std::uintptr_t base_;
};

}  // namespace base

// SPDX-License-Identifier: BSD-2-Clause
// The interrupt controller driver on plain memory in place of its registers.
#include "gic.hpp"

#include <gtest/gtest.h>

#include <array>

namespace kernel_test {
namespace {

class GicTest : public ::testing::Test {
  protected:
    GicTest() {
        at(0x004) = 4;           // 160 interrupts
        at(0x800) = 0x01010101;  // this core is target 0
    }
    std::uint32_t& at(std::size_t offset) { return distributor_[offset / 4]; }
    std::uint32_t& cpu(std::size_t offset) { return cpu_interface_[offset / 4]; }

    std::array<std::uint32_t, 1024> distributor_{};
    std::array<std::uint32_t, 1024> cpu_interface_{};
    arch::Gic gic_{base::Mmio{reinterpret_cast<std::uintptr_t>(distributor_.data())},
                   base::Mmio{reinterpret_cast<std::uintptr_t>(cpu_interface_.data())}};
};

TEST_F(GicTest, InitMasksAndRoutesEverything) {
    at(0xc08) = 0xffff'ffff;
    at(0xc24) = 0xffff'ffff;
    gic_.init(159);
    for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(at(0x180 + 4 * i), 0xffff'ffffu);
    EXPECT_EQ(at(0x180 + 20), 0u);
    EXPECT_EQ(at(0x820), 0x01010101u);
    EXPECT_EQ(at(0x89c), 0x01010101u);
    EXPECT_EQ(at(0x8a0), 0u);
    EXPECT_EQ(at(0xc08), 0u);
    EXPECT_EQ(at(0xc24), 0u);
    EXPECT_EQ(at(0x000), 1u);
    EXPECT_EQ(cpu(0x00), 1u);
    EXPECT_EQ(cpu(0x04), 0xf0u);
}

TEST_F(GicTest, MasksOneInterrupt) {
    gic_.unmask(33);
    EXPECT_EQ(at(0x104), 2u);
    gic_.mask(159);
    EXPECT_EQ(at(0x190), 0x8000'0000u);
}

TEST_F(GicTest, SetsTheTriggerOfOneInterrupt) {
    at(0xc08) = 0x5555'5555;
    gic_.set_edge_triggered(33, true);
    EXPECT_EQ(at(0xc08), 0x5555'5559u);
    gic_.set_edge_triggered(33, false);
    EXPECT_EQ(at(0xc08), 0x5555'5551u);
}

TEST_F(GicTest, EndsWhatItAcknowledged) {
    cpu(0x0c) = 0x0c03;  // software interrupt 3 from core 3
    const std::uint32_t taken = gic_.acknowledge();
    EXPECT_EQ(arch::Gic::number(taken), 3u);
    gic_.end(taken);
    EXPECT_EQ(cpu(0x10), 0x0c03u);
    gic_.send_software_interrupt(5, 2);
    EXPECT_EQ(at(0xf00), 0x0004'0005u);
}

}  // namespace
}  // namespace kernel_test

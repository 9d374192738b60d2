// SPDX-License-Identifier: BSD-2-Clause
#include "server/drivers/rtc/pl031.hpp"

#include <gtest/gtest.h>

#include <map>

namespace {

struct Bus {
    template <typename T>
    T read(std::size_t offset) {
        const auto found = registers.find(offset);
        return found == registers.end() ? 0 : found->second;
    }
    std::map<std::size_t, std::uint32_t> registers;
};

TEST(Pl031, ReadsSecondsUpTo2106) {
    Bus bus{{{0x0, 0xffff'ffff}, {0xfe0, 0x31}, {0xfe4, 0x10}}};
    EXPECT_EQ(sos::rtc::read_seconds(bus), 0xffff'ffffu);
    bus.registers[0] = 1'790'000'000;
    EXPECT_EQ(sos::rtc::read_seconds(bus), 1'790'000'000u);
}

TEST(Pl031, AnotherDeviceGivesNoTime) {
    Bus nothing;
    EXPECT_FALSE(sos::rtc::read_seconds(nothing).has_value());
    Bus uart{{{0x0, 5}, {0xfe0, 0x11}, {0xfe4, 0x10}}};
    EXPECT_FALSE(sos::rtc::read_seconds(uart).has_value());
    Bus wrong_high_part{{{0x0, 5}, {0xfe0, 0x31}, {0xfe4, 0x11}}};
    EXPECT_FALSE(sos::rtc::read_seconds(wrong_high_part).has_value());
}

}  // namespace

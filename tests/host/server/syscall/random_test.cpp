// SPDX-License-Identifier: BSD-2-Clause
#include "syscall/random.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace sos::syscall {
namespace {

// RFC 8439, 2.3.2.
TEST(RandomTest, BlockOfTheStandard) {
    ChaChaKey key{};
    for (std::uint32_t i = 0; i < key.size(); ++i) key[i] = 0x03020100u + i * 0x04040404u;
    const auto block = chacha20_block(key, 1, {0x09000000, 0x4a000000, 0});
    const std::uint8_t wanted[64] = {
        0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15, 0x50, 0x0f, 0xdd, 0x1f, 0xa3,
        0x20, 0x71, 0xc4, 0xc7, 0xd1, 0xf4, 0xc7, 0x33, 0xc0, 0x68, 0x03, 0x04, 0x22,
        0xaa, 0x9a, 0xc3, 0xd4, 0x6c, 0x4e, 0xd2, 0x82, 0x64, 0x46, 0x07, 0x9f, 0xaa,
        0x09, 0x14, 0xc2, 0xd7, 0x05, 0xd9, 0x8b, 0x02, 0xa2, 0xb5, 0x12, 0x9c, 0xd1,
        0xde, 0x16, 0x4e, 0xb9, 0xcb, 0xd0, 0x83, 0xe8, 0xa2, 0x50, 0x3c, 0x4e};
    for (std::size_t i = 0; i < block.size(); ++i)
        EXPECT_EQ(std::to_integer<std::uint8_t>(block[i]), wanted[i]) << i;
}

std::vector<std::byte> random_bytes(std::size_t size) {
    std::vector<std::byte> bytes(size);
    fill_random(bytes);
    return bytes;
}

TEST(RandomTest, NoRequestRepeatsAnother) {
    std::set<std::vector<std::byte>> seen;
    for (int i = 0; i < 1000; ++i) EXPECT_TRUE(seen.insert(random_bytes(16)).second);
}

TEST(RandomTest, EverySeedByteCounts) {
    // The same request number is not to be had twice, so equality would need equal keys.
    const std::byte long_seed[100] = {};
    seed_random(long_seed);
    const auto before = random_bytes(100);
    seed_random({});
    const auto after = random_bytes(100);
    EXPECT_NE(before, after);
}

TEST(RandomTest, LongRequestsGoOnWithTheNextBlock) {
    const auto bytes = random_bytes(200);
    const std::vector<std::byte> first(bytes.begin(), bytes.begin() + 64);
    const std::vector<std::byte> second(bytes.begin() + 64, bytes.begin() + 128);
    EXPECT_NE(first, second);
}

}  // namespace
}  // namespace sos::syscall

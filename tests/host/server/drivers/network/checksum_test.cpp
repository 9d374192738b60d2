// SPDX-License-Identifier: BSD-2-Clause
#include "drivers/network/checksum.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "frames.hpp"

namespace sos::drivers::test {
namespace {

TEST(NetworkChecksum, is_for_whole_tcp_and_udp_packets_only) {
    const auto prepared = [](std::size_t place, int value) {
        std::string frame = datagram();
        frame[place] = static_cast<char>(value);
        const std::string before = frame;
        const bool done = prepare_checksum(as_frame(frame)).has_value();
        EXPECT_TRUE(done || frame == before);
        return done;
    };
    EXPECT_TRUE(prepared(0, 0));
    EXPECT_FALSE(prepared(13, 6)) << "ARP";
    EXPECT_FALSE(prepared(14, 0x65)) << "version";
    EXPECT_FALSE(prepared(14, 0x44)) << "header too short";
    EXPECT_FALSE(prepared(14, 0x4f)) << "header beyond the packet";
    EXPECT_FALSE(prepared(17, 33)) << "longer than the frame";
    EXPECT_FALSE(prepared(17, 27)) << "too short for a checksum";
    EXPECT_FALSE(prepared(20, 0x20)) << "a fragment";
    EXPECT_FALSE(prepared(23, 1)) << "ICMP";
    for (std::size_t size = 0; size < 40; ++size) {
        std::string frame = datagram().substr(0, size);
        EXPECT_FALSE(prepare_checksum(as_frame(frame)));
    }
}

void put_word(std::string& frame, std::size_t at, std::uint32_t value) {
    frame[at] = static_cast<char>(value >> 8);
    frame[at + 1] = static_cast<char>(value);
}

/// A frame with right checksums. `options`: words of IP options. Its data comes from `random`.
std::string frame_of(unsigned protocol, std::size_t payload, std::mt19937& random,
                     unsigned options = 0) {
    const std::size_t header = 20 + 4 * std::size_t{options};
    std::string frame(14 + header + payload, '\0');
    for (char& byte : frame) byte = static_cast<char>(random());
    put_word(frame, 12, 0x0800);
    frame[14] = static_cast<char>(0x40 | header / 4);
    put_word(frame, 16, static_cast<std::uint32_t>(header + payload));
    put_word(frame, 20, 0x4000);  // no fragment
    frame[23] = static_cast<char>(protocol);
    put_word(frame, 24, 0);
    put_word(frame, 24, ~folded_sum(frame.substr(14, header)));
    const std::size_t field = protocol == 6 ? 16 : protocol == 17 ? 6 : 2;
    put_word(frame, 14 + header + field, 0);
    std::uint32_t sum = folded_sum(frame.substr(14 + header));
    if (protocol != 1) {
        sum = folded_sum(frame.substr(26, 8), sum + protocol + static_cast<std::uint32_t>(payload));
    }
    const std::uint32_t checksum = ~sum & 0xffff;
    put_word(frame, 14 + header + field, checksum == 0 && protocol == 17 ? 0xffff : checksum);
    return frame;
}

bool holds(std::string frame, Vouched vouched = Vouched::no) {
    return checksums_hold(as_frame(frame), vouched);
}

TEST(ReceivedChecksum, holds_for_whole_packets_of_every_size) {
    std::mt19937 random(1);
    for (const unsigned protocol : {1u, 6u, 17u}) {
        for (std::size_t payload = 20; payload <= 1480; ++payload) {
            const std::string frame =
                frame_of(protocol, payload, random, static_cast<unsigned>(payload % 11));
            ASSERT_TRUE(holds(frame)) << protocol << ' ' << payload;
            ASSERT_TRUE(holds(frame + std::string(payload % 7, 'x'))) << "padding of the link";
        }
    }
    EXPECT_TRUE(holds(frame_of(6, 65'000, random))) << "as long as a packet can be";
    EXPECT_TRUE(holds(std::string("\xff\xff", 2))) << "none that we know of";
}

TEST(ReceivedChecksum, tells_each_damaged_byte) {
    std::mt19937 random(2);
    for (const unsigned protocol : {1u, 6u, 17u}) {
        const std::string frame = frame_of(protocol, 301, random);
        for (std::size_t at = 26; at < frame.size(); ++at) {
            std::string damaged = frame;
            damaged[at] = static_cast<char>(damaged[at] ^ (1 + random() % 255));
            if (protocol == 17 && damaged.substr(40, 2) == std::string(2, '\0')) continue;
            ASSERT_FALSE(holds(damaged)) << protocol << ' ' << at;
            // Vouched for is what TCP or UDP protects; IP's header has a checksum of its own.
            ASSERT_EQ(holds(damaged, Vouched::yes), at >= 34) << protocol << ' ' << at;
        }
    }
}

TEST(ReceivedChecksum, is_not_asked_of_what_has_none) {
    std::mt19937 random(3);
    std::string udp = frame_of(17, 64, random);
    put_word(udp, 40, 0);
    udp.back() = static_cast<char>(~udp.back());
    EXPECT_TRUE(holds(udp)) << "UDP without a checksum";
    std::string other = frame_of(6, 64, random);
    other[23] = 47;  // GRE
    put_word(other, 24, 0);
    put_word(other, 24, ~folded_sum(other.substr(14, 20)));
    EXPECT_TRUE(holds(other));
    std::string fragment = frame_of(6, 64, random);
    put_word(fragment, 20, 0x2000);
    put_word(fragment, 24, 0);
    put_word(fragment, 24, ~folded_sum(fragment.substr(14, 20)));
    fragment.back() = static_cast<char>(~fragment.back());
    EXPECT_TRUE(holds(fragment)) << "a checksum over more than this frame";
}

TEST(ReceivedChecksum, reads_nothing_beyond_the_frame) {
    std::mt19937 random(4);
    for (unsigned round = 0; round < 50'000; ++round) {
        // An allocation of just its size, for the address sanitizer.
        std::vector<std::byte> frame(random() % 90);
        for (std::byte& byte : frame) byte = static_cast<std::byte>(random());
        if (frame.size() > 24 && round % 4 != 0) {
            frame[12] = std::byte{8};
            frame[13] = std::byte{0};
            frame[14] = static_cast<std::byte>(0x40 | (random() % 16));
            frame[16] = std::byte{0};
            frame[23] = static_cast<std::byte>(round % 3 == 0 ? 6 : round % 3 == 1 ? 17 : 1);
        }
        static_cast<void>(checksums_hold(frame, round % 2 == 0 ? Vouched::no : Vouched::yes));
        static_cast<void>(prepare_checksum(frame));
    }
}

}  // namespace
}  // namespace sos::drivers::test

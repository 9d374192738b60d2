// SPDX-License-Identifier: BSD-2-Clause
// Ethernet frames with IPv4 packets for tests, and their checksums computed the slow way.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>

namespace sos::drivers::test {

/// An UDP packet of one word of data; its checksums are 0 yet.
inline std::string datagram() {
    std::string frame(14 + 20 + 8 + 4, '\0');
    const unsigned char ip[] = {0x45, 0, 0,  32, 0, 1,  0,  0, 64, 17,
                                0,    0, 10, 0,  2, 15, 10, 0, 2,  2};
    const unsigned char udp[] = {0, 68, 0, 67, 0, 12, 0, 0, 'd', 'a', 't', 'a'};
    frame[12] = 8;
    std::memcpy(frame.data() + 14, ip, sizeof ip);
    std::memcpy(frame.data() + 34, udp, sizeof udp);
    return frame;
}

inline std::span<std::byte> as_frame(std::string& text) {
    return std::as_writable_bytes(std::span(text.data(), text.size()));
}

/// Sum of big-endian 16-bit words, folded (RFC 1071).
inline std::uint32_t folded_sum(const std::string& data, std::uint32_t sum = 0) {
    for (std::size_t i = 0; i < data.size(); ++i) {
        const auto byte = static_cast<std::uint8_t>(data[i]);
        sum += i % 2 == 0 ? byte << 8 : byte;
    }
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

/// As the receiver of a datagram() checks it: over pseudo-header, header and data, all ones.
inline bool checksum_is_right(const std::string& frame) {
    return folded_sum(frame.substr(14 + 12), 17 + 12) == 0xffff;
}

}  // namespace sos::drivers::test

// SPDX-License-Identifier: BSD-2-Clause
// Prepares a frame for a device that computes checksums (virtio 1.1, 5.1.6.2): the checksum field
// of TCP or UDP gets the sum of the pseudo-header (RFC 9293, 3.1), the device adds all the rest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace sos::drivers {

struct Checksum {
    std::uint16_t start;   // what is summed up begins here
    std::uint16_t offset;  // from there to the field
};

namespace detail {
inline std::uint16_t get16(std::span<const std::byte> frame, std::size_t at) {
    return static_cast<std::uint16_t>(std::to_integer<unsigned>(frame[at]) << 8 |
                                      std::to_integer<unsigned>(frame[at + 1]));
}
inline void put16(std::span<std::byte> frame, std::size_t at, std::uint32_t value) {
    frame[at] = static_cast<std::byte>(value >> 8);
    frame[at + 1] = static_cast<std::byte>(value);
}
}  // namespace detail

/// What the device is to compute; nothing for frames that have no checksum beyond IP's, and for
/// fragments, whose checksum is over more than the frame.
inline std::optional<Checksum> prepare_checksum(std::span<std::byte> frame) {
    using detail::get16;
    constexpr std::size_t ip = 14, addresses = ip + 12, smallest_ip = 20;
    constexpr unsigned ipv4_type = 0x0800, tcp = 6, udp = 17, fragment_bits = 0x3fff;
    if (frame.size() < ip + smallest_ip || get16(frame, 12) != ipv4_type) return std::nullopt;
    const auto first = std::to_integer<unsigned>(frame[ip]);
    const std::size_t header = (first & 15) * 4, total = get16(frame, ip + 2);
    if (first >> 4 != 4 || header < smallest_ip || total < header || frame.size() < ip + total) {
        return std::nullopt;
    }
    if ((get16(frame, ip + 6) & fragment_bits) != 0) return std::nullopt;
    const auto protocol = std::to_integer<unsigned>(frame[ip + 9]);
    if (protocol != tcp && protocol != udp) return std::nullopt;
    const std::size_t offset = protocol == tcp ? 16 : 6, size = total - header;
    if (size < offset + 2) return std::nullopt;
    std::uint32_t sum = protocol + static_cast<std::uint32_t>(size);
    for (std::size_t at = addresses; at < addresses + 8; at += 2) sum += get16(frame, at);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    detail::put16(frame, ip + header + offset, sum);
    return Checksum{static_cast<std::uint16_t>(ip + header), static_cast<std::uint16_t>(offset)};
}

}  // namespace sos::drivers

// SPDX-License-Identifier: BSD-2-Clause
// Checksums of IPv4 frames. prepare_checksum() is for a device that computes them (virtio 1.1,
// 5.1.6.2): the checksum field of TCP or UDP gets the sum of the pseudo-header (RFC 9293, 3.1), the
// device adds all the rest. checksums_hold() checks what was received and nobody vouches for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
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

namespace detail {

inline constexpr unsigned protocol_icmp = 1, protocol_tcp = 6, protocol_udp = 17;

/// A frame with an IPv4 packet, all of which is there.
struct Ipv4 {
    static constexpr std::size_t at = 14;  // behind the Ethernet header
    static constexpr std::size_t addresses = at + 12;

    std::size_t header;   // bytes
    std::size_t payload;  // bytes behind it
    unsigned protocol;
    bool fragment;

    static std::optional<Ipv4> parse(std::span<const std::byte> frame) {
        constexpr std::size_t smallest_header = 20;
        constexpr unsigned ipv4_type = 0x0800, fragment_bits = 0x3fff;
        if (frame.size() < at + smallest_header || get16(frame, 12) != ipv4_type) return {};
        const auto first = std::to_integer<unsigned>(frame[at]);
        const std::size_t header = (first & 15) * 4, total = get16(frame, at + 2);
        if (first >> 4 != 4 || header < smallest_header || total < header ||
            frame.size() < at + total) {
            return {};
        }
        return Ipv4{.header = header,
                    .payload = total - header,
                    .protocol = std::to_integer<unsigned>(frame[at + 9]),
                    .fragment = (get16(frame, at + 6) & fragment_bits) != 0};
    }
};

/// Sum of 16-bit words in the machine's byte order, not folded; an odd byte counts as a low one.
/// (Which order does not matter for sums whose rightness is all ones: RFC 1071, 2.) `data`: at most
/// 64 KiB, so that the eight sums of every eighth word do not overflow. Uses vector registers.
inline std::uint64_t sum_words(std::span<const std::byte> data) {
    using Words [[gnu::vector_size(16)]] = std::uint32_t;
    Words sums{};
    const auto add = [&](const std::byte* at, std::size_t size) {
        Words words{};
        // The built-in one, as it is a load even where memcpy is an ordinary function.
        __builtin_memcpy(&words, at, size);
        sums += words & 0xffff;
        sums += words >> 16;
    };
    const std::byte* at = data.data();
    const std::byte* const end = at + data.size();
    for (; end - at >= 64; at += 64) {
        add(at, 16);
        add(at + 16, 16);
        add(at + 32, 16);
        add(at + 48, 16);
    }
    for (; end - at >= 16; at += 16) add(at, 16);
    std::uint64_t rest = 0;
    for (; end - at >= 2; at += 2) {
        std::uint16_t word;
        __builtin_memcpy(&word, at, 2);
        rest += word;
    }
    if (at != end) rest += std::to_integer<std::uint64_t>(*at);
    return rest + sums[0] + sums[1] + sums[2] + sums[3];
}

/// Is the sum, with the checksum itself in it, that of undamaged data?
inline bool all_ones(std::uint64_t sum) {
    while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
    return sum == 0xffff;
}

constexpr std::uint64_t in_network_order(std::size_t value) {
    return __builtin_bswap16(static_cast<std::uint16_t>(value));
}

}  // namespace detail

/// What the device is to compute; nothing for frames that have no checksum beyond IP's, and for
/// fragments, whose checksum is over more than the frame.
inline std::optional<Checksum> prepare_checksum(std::span<std::byte> frame) {
    using namespace detail;
    const std::optional<Ipv4> packet = Ipv4::parse(frame);
    if (!packet || packet->fragment) return std::nullopt;
    if (packet->protocol != protocol_tcp && packet->protocol != protocol_udp) return std::nullopt;
    const std::size_t offset = packet->protocol == protocol_tcp ? 16 : 6;
    if (packet->payload < offset + 2) return std::nullopt;
    std::uint32_t sum = packet->protocol + static_cast<std::uint32_t>(packet->payload);
    for (std::size_t at = Ipv4::addresses; at < Ipv4::addresses + 8; at += 2)
        sum += get16(frame, at);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    put16(frame, Ipv4::at + packet->header + offset, sum);
    return Checksum{static_cast<std::uint16_t>(Ipv4::at + packet->header),
                    static_cast<std::uint16_t>(offset)};
}

/// Has whoever handed a received frame over checked its TCP or UDP checksum (or made the frame
/// itself, and left the checksum away)?
enum class Vouched : bool { no, yes };

/// False for a frame that was damaged on its way: IP's own checksum, and that of TCP, UDP or ICMP.
/// True for frames without any, which is for whoever parses them to judge.
inline bool checksums_hold(std::span<const std::byte> frame, Vouched vouched) {
    using namespace detail;
    const std::optional<Ipv4> packet = Ipv4::parse(frame);
    if (!packet) return true;
    if (!all_ones(sum_words(frame.subspan(Ipv4::at, packet->header)))) return false;
    if (vouched == Vouched::yes || packet->fragment) return true;
    const auto payload = frame.subspan(Ipv4::at + packet->header, packet->payload);
    if (packet->protocol == protocol_icmp) return all_ones(sum_words(payload));
    if (packet->protocol != protocol_tcp && packet->protocol != protocol_udp) return true;
    constexpr std::size_t udp_header = 8, udp_checksum = 6;
    if (packet->protocol == protocol_udp &&
        (payload.size() < udp_header || get16(payload, udp_checksum) == 0)) {
        return true;  // without a checksum (RFC 768)
    }
    return all_ones(sum_words(payload) + sum_words(frame.subspan(Ipv4::addresses, 8)) +
                    in_network_order(packet->protocol) + in_network_order(packet->payload));
}

}  // namespace sos::drivers

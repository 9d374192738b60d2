// SPDX-License-Identifier: BSD-2-Clause
// TCP segments that continue one another, taken together before TCP looks at them: one segment of
// many frames costs TCP as much as one of a single frame, and has one acknowledgement.
//
// Only segments without options and without flags but ACK and PSH are joined (RFC 9293, 3.1), of
// whole IPv4 packets without options. What a join is not sure to be right for stays as it came.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

namespace sos::fs::net {

/// A TCP segment with data, by its frame.
class Segment {
  public:
    static constexpr std::size_t headers = 14 + 20 + 20;  // Ethernet, IPv4, TCP
    /// What the joined segment's headers can say.
    static constexpr std::size_t max_data = 0xffff - 40;

    /// Nothing when the frame is none that could be joined.
    static std::optional<Segment> parse(std::span<std::byte> frame) {
        if (frame.size() <= headers) return std::nullopt;
        Segment segment(frame.data());
        constexpr unsigned ipv4 = 0x0800, version_and_length = 0x45, tcp = 6, no_options = 0x50;
        constexpr unsigned ack = 0x10, push = 0x08, fragment_bits = 0x3fff;
        if (segment.get16(12) != ipv4 || segment.get8(14) != version_and_length ||
            segment.get8(23) != tcp || (segment.get16(20) & fragment_bits) != 0 ||
            segment.get8(46) != no_options || (segment.get8(47) & ~push) != ack) {
            return std::nullopt;
        }
        const std::size_t size = 14 + segment.get16(16);
        if (size <= headers || size > frame.size()) return std::nullopt;
        segment.data_ = segment.total_ = size - headers;
        return segment;
    }

    /// Of the frame's own data, which lie behind `headers`.
    std::size_t data() const { return data_; }

    /// Takes the data of `next` as this one's continuation, if that is what they are. The headers
    /// then are those of one long segment, with the news of the later one (checksums excepted).
    bool join(const Segment& next) {
        if (total_ + next.data_ > max_data) return false;
        constexpr std::size_t addresses = 26, addresses_and_ports = 12;
        if (std::memcmp(frame_ + addresses, next.frame_ + addresses, addresses_and_ports) != 0 ||
            next.get32(sequence) != static_cast<std::uint32_t>(get32(sequence) + total_) ||
            static_cast<std::int32_t>(next.get32(acknowledged) - get32(acknowledged)) < 0) {
            return false;
        }
        total_ += next.data_;
        put16(16, static_cast<std::uint16_t>(40 + total_));
        // Acknowledgement number, flags and window are the last sender's word.
        std::memcpy(frame_ + acknowledged, next.frame_ + acknowledged, 4);
        frame_[47] |= next.frame_[47];
        std::memcpy(frame_ + window, next.frame_ + window, 2);
        return true;
    }

  private:
    static constexpr std::size_t sequence = 38, acknowledged = 42, window = 48;

    explicit Segment(std::byte* frame) : frame_(frame) {}

    unsigned get8(std::size_t at) const { return std::to_integer<unsigned>(frame_[at]); }
    unsigned get16(std::size_t at) const { return get8(at) << 8 | get8(at + 1); }
    std::uint32_t get32(std::size_t at) const { return get16(at) << 16 | get16(at + 2); }
    void put16(std::size_t at, std::uint16_t value) {
        frame_[at] = static_cast<std::byte>(value >> 8);
        frame_[at + 1] = static_cast<std::byte>(value);
    }

    std::byte* frame_;
    std::size_t data_ = 0;   // in the frame
    std::size_t total_ = 0;  // with what was joined
};

}  // namespace sos::fs::net

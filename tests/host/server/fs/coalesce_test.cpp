// SPDX-License-Identifier: BSD-2-Clause
#include "fs/net/coalesce.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sos::fs::net::test {
namespace {

struct Fields {
    std::uint32_t sequence = 0xffff'fff0;  // over the end of the numbers
    std::uint32_t acknowledged = 1000;
    std::uint16_t window = 5000;
    std::uint8_t flags = 0x10;
    std::uint16_t source_port = 2049;
    std::uint8_t source_host = 2;
};

using Frame = std::vector<std::byte>;

void put(Frame& frame, std::size_t at, std::uint64_t value, std::size_t size) {
    for (std::size_t i = size; i-- > 0; value >>= 8) {
        frame[at + i] = static_cast<std::byte>(value & 0xff);
    }
}

std::uint64_t get(const Frame& frame, std::size_t at, std::size_t size) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) {
        value = value << 8 | std::to_integer<std::uint64_t>(frame[at + i]);
    }
    return value;
}

Frame make(std::size_t data, const Fields& fields = {}) {
    Frame frame(std::max<std::size_t>(60, 54 + data), std::byte{'d'});
    put(frame, 12, 0x0800, 2);
    put(frame, 14, 0x45, 1);
    put(frame, 16, 40 + data, 2);
    put(frame, 20, 0x4000, 2);  // do not fragment
    put(frame, 23, 6, 1);
    put(frame, 26, 0x0a000200u | fields.source_host, 4);
    put(frame, 30, 0x0a00020f, 4);
    put(frame, 34, fields.source_port, 2);
    put(frame, 36, 700, 2);
    put(frame, 38, fields.sequence, 4);
    put(frame, 42, fields.acknowledged, 4);
    put(frame, 46, 0x50, 1);
    put(frame, 47, fields.flags, 1);
    put(frame, 48, fields.window, 2);
    return frame;
}

bool joins(std::size_t first_data, const Fields& first, std::size_t next_data, const Fields& next) {
    Frame a = make(first_data, first), b = make(next_data, next);
    std::optional<Segment> segment = Segment::parse(a);
    const std::optional<Segment> other = Segment::parse(b);
    return segment && other && segment->join(*other);
}

TEST(Coalesce, a_segment_that_goes_on_is_joined) {
    Frame first = make(100);
    std::optional<Segment> segment = Segment::parse(first);
    ASSERT_TRUE(segment);
    EXPECT_EQ(segment->data(), 100u);
    Fields next;
    next.sequence += 100;
    next.acknowledged = 1007;
    next.window = 4000;
    next.flags = 0x18;
    Frame second = make(5, next);
    const std::optional<Segment> other = Segment::parse(second);
    ASSERT_TRUE(other);
    EXPECT_EQ(other->data(), 5u) << "without the padding";
    EXPECT_TRUE(segment->join(*other));
    EXPECT_EQ(get(first, 16, 2), 145u);
    EXPECT_EQ(get(first, 38, 4), 0xffff'fff0u);
    EXPECT_EQ(get(first, 42, 4), 1007u);
    EXPECT_EQ(get(first, 47, 1), 0x18u);
    EXPECT_EQ(get(first, 48, 2), 4000u);
    next.sequence += 5;
    Frame third = make(1400, next);
    EXPECT_TRUE(segment->join(*Segment::parse(third)));
    EXPECT_EQ(get(first, 16, 2), 1545u);
    EXPECT_FALSE(segment->join(*Segment::parse(third))) << "the same once more";
}

TEST(Coalesce, other_segments_are_not) {
    Fields right;
    right.sequence += 100;
    EXPECT_TRUE(joins(100, {}, 50, right));
    for (const std::uint32_t wrong : {0u, 99u, 101u, 0x8000'0000u}) {
        Fields next;
        next.sequence += wrong;
        EXPECT_FALSE(joins(100, {}, 50, next)) << wrong;
    }
    Fields next = right;
    next.source_port = 2050;
    EXPECT_FALSE(joins(100, {}, 50, next));
    next = right;
    next.source_host = 3;
    EXPECT_FALSE(joins(100, {}, 50, next));
    next = right;
    next.acknowledged = 999;
    EXPECT_FALSE(joins(100, {}, 50, next)) << "an acknowledgement is not taken back";
}

TEST(Coalesce, no_longer_than_headers_can_say) {
    Fields fields;
    Frame first = make(1460, fields);
    std::optional<Segment> segment = Segment::parse(first);
    std::size_t total = 1460;
    for (;; total += 1460) {
        fields.sequence += 1460;
        Frame next = make(1460, fields);
        if (!segment->join(*Segment::parse(next))) break;
        ASSERT_LT(total, Segment::max_data);
    }
    EXPECT_EQ(total, Segment::max_data / 1460 * 1460);
    EXPECT_EQ(get(first, 16, 2), 40 + total);
}

TEST(Coalesce, only_plain_segments_with_data) {
    Frame one = make(1), none = make(0);
    EXPECT_TRUE(Segment::parse(one));
    EXPECT_FALSE(Segment::parse(none));
    for (const unsigned flags : {0u, 0x11u, 0x12u, 0x14u, 0x30u, 0x02u, 0x50u, 0x90u}) {
        Fields fields;
        fields.flags = static_cast<std::uint8_t>(flags);
        Frame frame = make(10, fields);
        EXPECT_FALSE(Segment::parse(frame)) << flags;
    }
    struct Change {
        std::size_t at;
        std::uint64_t value;
        std::size_t size;
    };
    // ARP, IPv6's version, IP options, a fragment, its last one, UDP, TCP options, lengths that lie
    for (const Change& change :
         {Change{12, 0x0806, 2}, Change{14, 0x65, 1}, Change{14, 0x46, 1}, Change{20, 0x2000, 2},
          Change{20, 0x0010, 2}, Change{23, 17, 1}, Change{46, 0x60, 1}, Change{16, 40, 2},
          Change{16, 39, 2}, Change{16, 0xffff, 2}}) {
        Frame frame = make(10);
        put(frame, change.at, change.value, change.size);
        EXPECT_FALSE(Segment::parse(frame)) << change.at << " " << change.value;
    }
    for (std::size_t size = 0; size <= 54; ++size) {
        Frame frame = make(10);
        frame.resize(size);
        EXPECT_FALSE(Segment::parse(frame)) << size;
    }
}

}  // namespace
}  // namespace sos::fs::net::test

// SPDX-License-Identifier: BSD-2-Clause
#include "console/newline_encoder.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace sos::console {
namespace {

/// Sends `text` to a device that takes `at_once` bytes at a time, encoding into `window` bytes.
std::string send(std::string_view text, std::size_t window, std::size_t at_once) {
    NewlineEncoder encoder;
    std::string wire;
    auto rest = std::as_bytes(std::span(text));
    while (!rest.empty()) {
        std::uint8_t buffer[64];
        const std::size_t encoded = encoder.encode(rest, std::span(buffer).first(window));
        const std::size_t accepted = std::min(encoded, at_once);
        wire.append(reinterpret_cast<const char*>(buffer), accepted);
        rest = rest.subspan(encoder.advance(rest, accepted));
    }
    return wire;
}

TEST(NewlineEncoderTest, SameWireWhateverTheDeviceTakes) {
    const std::string_view text = "a\n\nbc\r\n\n";
    const std::string wire = "a\r\n\r\nbc\r\r\n\r\n";
    for (std::size_t window = 2; window < 20; ++window)
        for (std::size_t at_once = 1; at_once < 20; ++at_once)
            EXPECT_EQ(send(text, window, at_once), wire) << window << " " << at_once;
}

TEST(NewlineEncoderTest, ResetForgetsAHalfSentNewline) {
    NewlineEncoder encoder;
    const std::byte newline[] = {std::byte{'\n'}};
    EXPECT_EQ(encoder.advance(newline, 1), 0u);
    encoder.reset();
    std::uint8_t wire[4];
    EXPECT_EQ(encoder.encode(newline, wire), 2u);
}

}  // namespace
}  // namespace sos::console

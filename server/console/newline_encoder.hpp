// SPDX-License-Identifier: BSD-2-Clause
// NewlineEncoder: LF becomes CR LF on the wire. The device may take only part of what is encoded,
// even the CR without its LF, so the encoder remembers where it is between attempts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace sos::console {

class NewlineEncoder {
  public:
    /// Encodes from the front of `text` as much as fits `wire` (at least 2 bytes). Returns the
    /// number of wire bytes; changes nothing until advance().
    constexpr std::size_t encode(std::span<const std::byte> text,
                                 std::span<std::uint8_t> wire) const {
        std::size_t out = 0;
        bool return_sent = return_sent_;
        for (const std::byte byte : text) {
            const bool two = byte == newline && !return_sent;
            if (out + (two ? 2 : 1) > wire.size()) break;
            if (two) wire[out++] = '\r';
            wire[out++] = static_cast<std::uint8_t>(byte);
            return_sent = false;
        }
        return out;
    }

    /// The device took the first `accepted` of the bytes that encode() made of `text`: how many
    /// bytes of the text are done.
    constexpr std::size_t advance(std::span<const std::byte> text, std::size_t accepted) {
        std::size_t done = 0;
        while (accepted > 0) {
            if (text[done] == newline && !return_sent_) {
                return_sent_ = true;
                if (--accepted == 0) break;
            }
            return_sent_ = false;
            --accepted;
            ++done;
        }
        return done;
    }

    /// The writer gives up; the next one begins afresh.
    constexpr void reset() { return_sent_ = false; }

  private:
    static constexpr std::byte newline{'\n'};
    bool return_sent_ = false;  // of the next byte, which is a newline
};

}  // namespace sos::console

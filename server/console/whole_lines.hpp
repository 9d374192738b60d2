// SPDX-License-Identifier: BSD-2-Clause
// Where a text may be divided between two turns of its writer.
#pragma once

#include <cstddef>
#include <span>

namespace sos::console {

/// Size of the text up to its last newline; all of it if it has none.
constexpr std::size_t whole_lines(std::span<const std::byte> text) {
    for (std::size_t size = text.size(); size > 0; --size)
        if (text[size - 1] == std::byte{'\n'}) return size;
    return text.size();
}

}  // namespace sos::console

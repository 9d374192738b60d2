// SPDX-License-Identifier: BSD-2-Clause
// IoBuffer: one piece of memory that a transfer reads or fills, normally (part of) a pinned frame
// of a program, seen through the server's own mapping.
//
// Who passes an IoBuffer to a File or to a Client hands its pin over: whoever performs the transfer
// releases it, exactly once, through release_pin(), when the memory is not touched any more,
// whatever the outcome was. A token of no_pin stands for memory that needs no release.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace sos::fs {

inline constexpr std::uint64_t no_pin = ~0ull;

struct IoBuffer {
    std::byte* data = nullptr;
    std::size_t size = 0;
    std::uint64_t pin_token = no_pin;
};

/// Bounds of one transfer. 64 KiB that do not start at a page boundary lie in 17 pages.
inline constexpr std::size_t max_io_bytes = 64 * 1024;
inline constexpr std::size_t max_io_buffers = 17;

using PinRelease = void (*)(std::uint64_t token);

/// Before the first transfer: how pins are given back. Called from the thread that performed the
/// transfer, with no lock held; must not block.
void set_pin_release(PinRelease release);

void release_pin(std::uint64_t token);

/// Releases the pins of a whole transfer.
void release_pins(std::span<const IoBuffer> buffers);

constexpr std::size_t total_size(std::span<const IoBuffer> buffers) {
    std::size_t sum = 0;
    for (const IoBuffer& buffer : buffers) sum += buffer.size;
    return sum;
}

}  // namespace sos::fs

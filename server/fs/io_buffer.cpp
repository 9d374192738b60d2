// SPDX-License-Identifier: BSD-2-Clause
#include "fs/io_buffer.hpp"

namespace sos::fs {

namespace {
constinit PinRelease pin_release = nullptr;
}

void set_pin_release(PinRelease release) {
    pin_release = release;
}

void release_pin(std::uint64_t token) {
    if (token != no_pin && pin_release != nullptr) pin_release(token);
}

void release_pins(std::span<const IoBuffer> buffers) {
    for (const IoBuffer& buffer : buffers) release_pin(buffer.pin_token);
}

}  // namespace sos::fs

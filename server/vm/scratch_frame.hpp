// SPDX-License-Identifier: BSD-2-Clause
// ScratchFrame: a page of the server's own for a transfer that may outlive the caller, such as a
// read that is cancelled while the answer is still on its way. Its token is handed over like that
// of a program's page, and the frame is used again only when both owner and transfer are done.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "vm/frame_table.hpp"

namespace sos::vm {

class [[nodiscard]] ScratchFrame {
  public:
    constexpr ScratchFrame() = default;
    ScratchFrame(ScratchFrame&& other) noexcept : frame_(std::exchange(other.frame_, no_frame)) {}
    ScratchFrame& operator=(ScratchFrame&& other) noexcept {
        if (this != &other) {
            reset();
            frame_ = std::exchange(other.frame_, no_frame);
        }
        return *this;
    }
    ~ScratchFrame() { reset(); }

    /// A page of any content.
    static Result<ScratchFrame> take();

    std::byte* data() const { return frame_data(frame_); }

    /// A pin for one transfer; given back with vm::release_pin.
    Result<std::uint64_t> make_token() const;

    void reset();

  private:
    explicit ScratchFrame(FrameRef frame) : frame_(frame) {}
    FrameRef frame_ = no_frame;
};

}  // namespace sos::vm

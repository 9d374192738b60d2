// SPDX-License-Identifier: BSD-2-Clause
// Frames for programs: made 512 at a time from one 2 MiB block, each with a capability of the
// server, a copy of it for the address space of a program, and an address in one window of the
// server at frame_window_base + number * 4096.
//
// Everything about a frame follows from its number, so neither table nor lock is needed to use one.
// Frames never go back: whoever took one keeps a free list (vm's frame table). A frame is mapped in
// the window when it is first taken, and it is zero then. Number 0 is never handed out.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/strong.hpp"
#include "error.hpp"
#include "sel4/types.hpp"

namespace sos::res {

inline constexpr unsigned frame_ref_bits = 19;
inline constexpr std::uint32_t max_frames = std::uint32_t{1} << frame_ref_bits;

/// Number of a frame; 0 is no frame.
using FrameRef = base::Strong<struct FrameRefTag, std::uint32_t>;

inline constexpr std::uintptr_t frame_window_base = 0x2000'4000'0000;

/// The bytes of a frame in the server; requires a frame that was taken.
inline std::byte* frame_data(FrameRef frame) {
    return reinterpret_cast<std::byte*>(frame_window_base + std::uintptr_t{frame.raw()} * 4096);
}

/// A frame never used before. Error::no_memory when what is left is kept for kernel objects.
Result<FrameRef> take_fresh_frame();

/// How many frames could be taken altogether at this moment, those taken included.
std::uint32_t frame_capacity();

/// The server's capability (mapped in the window).
sel4::CPtr frame_cap(FrameRef frame);

/// The program's copy, which its address space maps and unmaps.
sel4::CPtr user_frame_cap(FrameRef frame);

}  // namespace sos::res

// SPDX-License-Identifier: BSD-2-Clause
// The clock: second-chance page replacement (seed 5.4). The hand goes around the evictable frames.
// A page that is mapped was used since the hand came by: it is unmapped and has a second chance.
// One that was not used since goes: at once if it is the same as in the page file or in the
// executable, or all zero; else it is written, with others that the hand meets, and its frame is
// free when that is done.
//
// Pages go before frames run out: when fewer are free than a low mark, as many as bring the free
// ones up to a high mark. So a fault rarely waits for a write.
//
// All functions require ft_lock.
#pragma once

#include <cstdint>

namespace sos::vm {

/// What a part of a lap has come to.
struct Sweep {
    std::uint32_t visited = 0;
    std::uint32_t freed = 0;    // frames
    std::uint32_t started = 0;  // pages that are being written
    bool no_slots = false;      // dirty pages could not go: the page file is full
};

/// Takes up to `wanted` pages away, looking at no more than `most` frames.
Sweep sweep(std::uint32_t wanted, std::uint32_t most);

/// How many pages have to go now; 0 while there are frames enough.
std::uint32_t pages_to_evict();
/// Are there frames enough for reading pages before they are wanted? (With few frames never: what
/// comes early would take the place of what is in use.)
bool frames_plentiful();

}  // namespace sos::vm

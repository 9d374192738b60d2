// SPDX-License-Identifier: BSD-2-Clause
// FileWindow: the record of a window, memory of a program through which it reads or writes a file
// in small pieces without a system call for each. The program keeps these records, all in one page,
// which SOS pins; the bytes are in pages that each record names.
//
// A read window (`read_window`) has a copy of the bytes that come next in the file. While `state`
// is what SOS made it, they are what read() would give. SOS makes it 0 before anybody changes the
// file (the window is *recalled*).
//
// A write window (`write_window`) takes bytes that follow the write it was armed by. The lower half
// of `state` is how many there are: the program copies bytes behind these, and then moves `state`
// on with a compare-and-swap, by which they count as written. SOS makes it 0 before anybody could
// miss what is there, and sees to it that they do not. SOS pins the pages of a write window.
//
// The position of the open file stays at the window's first byte. Whoever uses the position by
// another call makes it right before: `used` of the next window call moves it on, or lseek does.
// `write_window` of no bytes does nothing but that, and sees to it that the window is empty.
#pragma once

#include <cstddef>
#include <cstdint>

namespace abi {

struct alignas(64) FileWindow {
    std::uint64_t state;        // 0: recalled, or never armed
    std::uint64_t data;         // by the program: the address of its pages
    std::uint64_t used;         // by the program: the position moves on by this first; then 0
    std::uint64_t range_begin;  // by SOS: what the program may touch around the call's buffer
    std::uint64_t range_end;
    std::uint32_t capacity;  // by the program: bytes of its pages, or 0: no window is wanted
    std::uint32_t filled;    // by SOS: bytes to be read, or room for them; 0: it is not armed
};
static_assert(sizeof(FileWindow) == 64 && offsetof(FileWindow, capacity) == 40);

inline constexpr std::uint32_t max_file_window = 32 * 1024;   // bytes
inline constexpr std::uint32_t max_windowed_transfer = 4096;  // larger ones never arm a window

}  // namespace abi

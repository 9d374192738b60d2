// SPDX-License-Identifier: BSD-2-Clause
// Windows on files, as the server's threads see them: memory of a program through which it moves
// bytes of a file by itself (abi::FileWindow). The handler thread pins what the file server needs,
// which knows which file each armed window is on and recalls it before the file's bytes change.
//
// A program's copy may be used as long as its state is what it was armed with. The file server's
// thread runs whenever it wants to, the program never while that is at work; so a program that
// finds the state unchanged before a copy reads what was in the file at that moment: the copy
// itself is private, and nobody changes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "abi/file_window.hpp"
#include "fs/io_buffer.hpp"

namespace sos::fs {

inline constexpr std::size_t max_window_pages = abi::max_file_window / 4096;

/// The state word of an armed window, in a page that stays pinned until the file is closed. A
/// program may write there anything, and may use the record for another window meanwhile.
struct WindowState {
    std::uint64_t* word = nullptr;
    std::uint64_t armed = 0;  // what it was armed with: never 0, never the same twice, and the
                              // lower half is 0

    void arm() const { __atomic_store_n(word, armed, __ATOMIC_RELEASE); }
    void recall() const {
        std::uint64_t expected = armed;
        __atomic_compare_exchange_n(word, &expected, 0, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
    }
    /// Of a write window: how many bytes the program has put into it, 0 if it says what cannot be.
    std::size_t close(std::size_t capacity) const {
        const std::uint64_t found = __atomic_exchange_n(word, 0, __ATOMIC_ACQ_REL);
        const std::size_t filled = found & 0xffff'ffff;
        return found - filled == armed && filled <= capacity ? filled : 0;
    }
};

/// To be filled, with a read, with what follows in the file, as far as that needs no wait.
struct ReadWindow {
    WindowState state{};
    std::span<const IoBuffer> into{};  // pinned by the caller until it has the answer
    std::size_t filled = 0;            // the answer: armed, if that is above 0
};

/// To be armed, after a write, for what comes behind it.
struct WriteWindow {
    WindowState state{};
    std::span<const IoBuffer> pages{};  // whole pages; their pins are handed over if it is armed
    bool armed = false;                 // the answer
};

}  // namespace sos::fs

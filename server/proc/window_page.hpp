// SPDX-License-Identifier: BSD-2-Clause
// WindowPage: the page in which a process keeps the records of its windows on files. It is pinned
// with the first of them, until the process has closed all its files.
#pragma once

#include <cstdint>

#include "abi/file_window.hpp"
#include "error.hpp"
#include "fs/io_buffer.hpp"
#include "vm/address_space.hpp"

namespace sos::proc {

class WindowPage {
  public:
    WindowPage() = default;
    WindowPage(const WindowPage&) = delete;
    WindowPage& operator=(const WindowPage&) = delete;
    ~WindowPage() { release(); }

    /// The record at this address of the program, in the server's mapping; null when no page can be
    /// pinned for it, or one was already, and it is another. bad_address: no memory that the
    /// program may write; bad_argument: not aligned.
    Result<abi::FileWindow*> record(vm::AddressSpace& space, std::uint64_t address);

    /// Is the page in this range? Then it must stay the program's own, as the server writes to it.
    bool within(std::uint64_t start, std::uint64_t size) const {
        return pin_ != fs::no_pin && page_ >= start && page_ - start < size;
    }

    /// A value that no window of this process was armed with before; its lower half is 0.
    std::uint64_t next_state() { return ++last_state_ << 32; }

    /// When no window is armed any more.
    void release();

  private:
    std::uint64_t page_ = 0;  // its address, while it is pinned
    std::uint64_t pin_ = fs::no_pin;
    std::uint64_t last_state_ = 0;
};

}  // namespace sos::proc

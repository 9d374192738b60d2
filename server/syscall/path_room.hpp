// SPDX-License-Identifier: BSD-2-Clause
// PathRoom: memory for one path of a system call, for as long as that takes: the text that the
// program gave, and the path that it means.
#pragma once

#include "abi/sos_syscall.hpp"
#include "syscall/room.hpp"

namespace sos::syscall {

class [[nodiscard]] PathRoom {
  public:
    using Pages = Room<2 * abi::max_path / res::page_size>;

    static Result<PathRoom> take() { return PathRoom(TRY(Pages::take())); }

    std::span<char, abi::max_path> text() const { return half(0); }
    std::span<char, abi::max_path> path() const { return half(abi::max_path); }

  private:
    explicit PathRoom(Pages pages) : pages_(std::move(pages)) {}

    std::span<char, abi::max_path> half(std::size_t offset) const {
        char* const start = reinterpret_cast<char*>(pages_.bytes().data() + offset);
        return std::span<char, abi::max_path>(start, abi::max_path);
    }

    Pages pages_;
};

template <>
proc::PagePool<8, PathRoom::Pages::pages> PathRoom::Pages::pool_;

}  // namespace sos::syscall

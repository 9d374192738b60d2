// SPDX-License-Identifier: BSD-2-Clause
// PathRoom: memory for one path of a system call, for as long as that takes: the text that the
// program gave, and the path that it means. Few processes are in such a call at a time.
#pragma once

#include <span>
#include <utility>

#include "abi/sos_syscall.hpp"
#include "error.hpp"
#include "res/server_pages.hpp"

namespace sos::syscall {

/// At boot: some rooms.
Result<void> init_path_rooms();

class [[nodiscard]] PathRoom {
  public:
    static Result<PathRoom> take();
    PathRoom(PathRoom&& other) noexcept
        : place_(std::exchange(other.place_, nullptr)), pages_(std::move(other.pages_)) {}
    PathRoom& operator=(PathRoom&&) = delete;
    ~PathRoom();

    std::span<char, abi::max_path> text() const {
        return std::span<char, abi::max_path>(place_, abi::max_path);
    }
    std::span<char, abi::max_path> path() const {
        return std::span<char, abi::max_path>(place_ + abi::max_path, abi::max_path);
    }

  private:
    explicit PathRoom(std::byte* place) : place_(reinterpret_cast<char*>(place)) {}

    char* place_;
    res::ServerPages pages_;  // where it is; none: in the pool
};

}  // namespace sos::syscall

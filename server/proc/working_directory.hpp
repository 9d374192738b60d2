// SPDX-License-Identifier: BSD-2-Clause
// WorkingDirectory: the path of a process's working directory, absolute and normalised. The usual
// one lies in here; a long one gets a page.
#pragma once

#include <cstddef>
#include <string_view>

#include "error.hpp"
#include "res/server_pages.hpp"

namespace sos::proc {

class WorkingDirectory {
  public:
    /// Requires less than abi::max_path bytes. no_memory: it stays what it was.
    Result<void> set(std::string_view path);
    void clear();

    /// A NUL stands behind it.
    std::string_view path() const { return {text(), length_}; }

  private:
    static constexpr std::size_t near_size = 256;

    const char* text() const {
        return far_.valid() ? reinterpret_cast<const char*>(far_.data()) : near_;
    }

    std::size_t length_ = 0;
    res::ServerPages far_;
    char near_[near_size] = {};
};

}  // namespace sos::proc

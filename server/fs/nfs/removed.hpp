// SPDX-License-Identifier: BSD-2-Clause
// Removed: files that were removed, or replaced by rename, while programs of SOS had them open.
// NFSv3 knows no open files, so such a file gets another name, and is removed at its last close.
// The names begin with a prefix that says what they are: only a crash leaves them behind.
#pragma once

#include <array>
#include <cstdint>

#include "fs/nfs/call.hpp"

namespace sos::fs::nfs {

struct Removed {
    bool in_use = false;
    ServerHandle directory{};
    Name name{};
};

class RemovedFiles {
  public:
    static constexpr std::uint32_t capacity = 256;

    /// Null when there are too many.
    Removed* take() {
        for (Removed& entry : entries_) {
            if (entry.in_use) continue;
            entry.in_use = true;
            ++count_;
            return &entry;
        }
        return nullptr;
    }
    void give(Removed& entry) {
        entry = Removed{};
        --count_;
    }
    /// Is it one of these that has this name?
    bool contains(const ServerHandle& directory, std::string_view name) const {
        if (count_ == 0) return false;
        for (const Removed& entry : entries_) {
            if (entry.in_use && name == entry.name.text && entry.directory == directory)
                return true;
        }
        return false;
    }

  private:
    std::array<Removed, capacity> entries_{};
    std::uint32_t count_ = 0;
};

}  // namespace sos::fs::nfs

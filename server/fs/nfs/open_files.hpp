// SPDX-License-Identifier: BSD-2-Clause
// The table of open files at the file server. A FileHandle names an entry by index and generation;
// the generation changes when the entry is freed, so an old handle finds nothing.
#pragma once

#include <cstdint>
#include <span>

#include "fs/nfs/directory.hpp"
#include "fs/nfs/protocol.hpp"
#include "fs/request.hpp"

namespace sos::fs::nfs {

struct OpenFile {
    std::uint32_t generation = 1;
    bool in_use = false;
    bool directory = false;
    std::uint32_t next_free = 0;  // index + 1
    ServerHandle handle{};
    DirectorySnapshot listing{};
};

class OpenFiles {
  public:
    /// `entries` is used for good, and zero-filled.
    void use(std::span<OpenFile> entries);

    /// A new entry, or nothing when the table is full.
    OpenFile* take();
    void give(OpenFile& file, ChunkPool& pool);

    /// Null for anything but the handle of an open file.
    OpenFile* find(FileHandle handle);
    FileHandle handle_of(const OpenFile& file) const;

    std::uint32_t count() const { return count_; }

  private:
    std::span<OpenFile> entries_{};
    std::uint32_t first_free_ = 0;  // index + 1
    std::uint32_t fresh_ = 0;       // entries from here on were never used
    std::uint32_t count_ = 0;
};

}  // namespace sos::fs::nfs

// SPDX-License-Identifier: BSD-2-Clause
// The table of open files at the file server. A FileHandle names an entry by index and generation;
// the generation changes when the entry is freed, so an old handle finds nothing.
#pragma once

#include <cstdint>
#include <span>

#include "fs/nfs/directory.hpp"
#include "fs/nfs/node.hpp"
#include "fs/nfs/protocol.hpp"
#include "fs/request.hpp"

namespace sos::fs::nfs {

struct OpenFile {
    std::uint32_t generation = 1;
    bool in_use = false;
    bool writable = false;
    bool synchronous = false;     // O_SYNC: a write is answered when it is on stable storage
    std::uint32_t next_free = 0;  // index + 1
    Node* node = nullptr;
    DirectorySnapshot listing{};
    std::uint32_t errors_seen = 0;  // of the node's errors
    // Reading ahead (read_ahead.cpp)
    std::uint64_t next_offset = 0;   // where a sequential reader goes on
    std::uint64_t viewed_until = 0;  // or up to here, with what it may read without asking
    std::uint64_t ahead_until = 0;   // pages before this one were asked for
    std::uint32_t ahead_window = 0;  // how many pages ahead of the reader
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

// SPDX-License-Identifier: BSD-2-Clause
// DirectorySnapshot: the entries of one open directory, as far as they were read. Entries get their
// numbers once, so a listing is stable whatever happens to the directory meanwhile, and costs one
// pass over it. Reading from entry 0 again starts afresh.
//
// Entries are kept as the Linux dirent64 records that callers get, in chunks of a pool that all
// directories share; a directory that needs more than is left fails with no_memory.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "error.hpp"
#include "fs/nfs/protocol.hpp"

namespace sos::fs::nfs {

struct DirectoryChunk {
    static constexpr std::size_t size = 4096;

    DirectoryChunk* next;
    std::uint64_t first_entry;  // number of the first record
    std::uint32_t entries;
    std::uint32_t used;  // bytes
    std::byte records[size - 24];
};
static_assert(sizeof(DirectoryChunk) == DirectoryChunk::size);

class ChunkPool {
  public:
    /// `memory` is used for good.
    void add(std::span<std::byte> memory);
    /// Where more comes from, when all is in use.
    void set_source(bool (*more)(std::span<std::byte>& memory)) { more_ = more; }
    DirectoryChunk* take();
    void give(DirectoryChunk* chunk);
    std::size_t available() const { return available_; }

  private:
    DirectoryChunk* free_ = nullptr;
    std::size_t available_ = 0;
    bool (*more_)(std::span<std::byte>& memory) = nullptr;
};

class DirectorySnapshot {
  public:
    /// Back to nothing; chunks return to the pool.
    void clear(ChunkPool& pool);

    /// The next entry of the listing. Names that no file can have are left out.
    Result<void> add(ChunkPool& pool, std::uint64_t file_id, std::uint8_t type,
                     std::string_view name);

    std::uint64_t entries() const { return entries_; }

    /// Whole records from `position` on into `into`: the bytes filled. Requires position <=
    /// entries(). bad_argument when there is a record and it does not fit.
    Result<std::size_t> copy(std::uint64_t position, std::span<std::byte> into) const;

    // Where the server goes on.
    cookie3 cookie = 0;
    char verifier[NFS3_COOKIEVERFSIZE]{};
    bool complete = false;

  private:
    DirectoryChunk* head_ = nullptr;
    DirectoryChunk* tail_ = nullptr;
    mutable DirectoryChunk* recent_ = nullptr;  // where the last copy ended: the next begins there
    std::uint64_t entries_ = 0;
};

}  // namespace sos::fs::nfs
